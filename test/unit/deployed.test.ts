import { expect, it } from "vitest";
import { deployed } from "../../lib/docker/deployed.ts";

const NAME = "agatha-dev-back";
const NETWORK = "agatha-dev-network";

/** A line of docker's answer. */
const line = (words: string, command = "null") => `/${NAME} ${words}\t${command}\n`;

it.each<[string, string, string, ReturnType<typeof deployed>]>([
  [
    "a container that is there has its image",
    line(`agatha-back-image:abc bridge ${NETWORK}`, '["java","-Da=b\\tc d"]'),
    "",
    { image: "agatha-back-image:abc", connected: true, command: ["java", "-Da=b\tc d"] },
  ],
  [
    "one that is in another network than the stack's is not connected",
    line(`agatha-back-image:abc ${NETWORK}-2`),
    "",
    { image: "agatha-back-image:abc", connected: false, command: [] },
  ],
  ["nor is one in none", line("a:b"), "", { image: "a:b", connected: false, command: [] }],
  [
    "a database has what its data was made with",
    line(`a:b ${NETWORK} PG_MAJOR=17 POSTGRES_USER=postgres POSTGRES_DB=shop`, '["postgres"]'),
    "",
    {
      ...{ image: "a:b", connected: true, command: ["postgres"] },
      database: { name: "shop", user: "postgres", major: 17 },
    },
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
  expect(deployed(NAME, NETWORK, stdout, stderr)).toEqual(known);
});
