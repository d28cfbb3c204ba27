import { expect, it } from "vitest";
import { deployed } from "../../components/deployed.ts";

const NAME = "agatha-dev-back";
const NETWORK = "agatha-dev-network";

it.each<[string, string, string, ReturnType<typeof deployed>]>([
  [
    "a container that is there has its image",
    `/${NAME} agatha-back-image:abc bridge ${NETWORK}\n`,
    "",
    { image: "agatha-back-image:abc", connected: true },
  ],
  [
    "one that is in another network than the stack's is not connected",
    `/${NAME} agatha-back-image:abc ${NETWORK}-2\n`,
    "",
    { image: "agatha-back-image:abc", connected: false },
  ],
  ["nor is one in none", `/${NAME} a:b\n`, "", { image: "a:b", connected: false }],
  ["one that is not is absent", "", `Error: No such container: ${NAME}\n`, "absent"],
  [
    "newer clients say it in their words",
    "",
    `Error response from daemon: No such container: ${NAME}\n`,
    "absent",
  ],
  ["another's absence says nothing", "", `Error: No such container: ${NAME}-2\n`, "unknown"],
  ["a name that begins alike is another's", `/${NAME}-trial x:y\n`, "", "unknown"],
  ["without a daemon nothing is known", "", "Cannot connect to the Docker daemon\n", "unknown"],
])("%s", (_, stdout, stderr, known) => {
  expect(deployed(NAME, NETWORK, stdout, stderr)).toEqual(known);
});
