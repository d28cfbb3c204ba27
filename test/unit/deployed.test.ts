import { expect, it } from "vitest";
import { deployed } from "../../components/deployed.ts";

const NAME = "agatha-dev-back";

it.each<[string, string, string, ReturnType<typeof deployed>]>([
  [
    "a container that is there has its image",
    `/${NAME} agatha-back-image:abc\n`,
    "",
    { image: "agatha-back-image:abc" },
  ],
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
  expect(deployed(NAME, stdout, stderr)).toEqual(known);
});
