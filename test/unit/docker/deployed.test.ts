import { expect, it } from "vitest";
import { deployed } from "../../../lib/docker/deployedContainers.ts";

const NAME = "agatha-dev-back";
const NETWORK = "agatha-dev-network";

/** A line of docker's answer. */
function line(image: string, networks: string[], command: string[] | null = null, env: string[] = []) {
  const connected = Object.fromEntries(networks.map((name) => [name, {}]));
  const inspected = {
    Name: `/${NAME}`,
    Config: { Image: image, Env: env, Cmd: command },
    NetworkSettings: { Networks: connected },
  };
  return `${JSON.stringify(inspected)}\n`;
}

it.each<[string, string, string, ReturnType<typeof deployed>]>([
  [
    "a container that is there has its image",
    line("agatha-back-image:abc", ["bridge", NETWORK], ["java", "-Da=b\tc d"]),
    "",
    { image: "agatha-back-image:abc", connected: true, command: ["java", "-Da=b\tc d"] },
  ],
  [
    "one that is in another network than the stack's is not connected",
    line("agatha-back-image:abc", [`${NETWORK}-2`]),
    "",
    { image: "agatha-back-image:abc", connected: false, command: [] },
  ],
  ["nor is one in none", line("a:b", []), "", { image: "a:b", connected: false, command: [] }],
  [
    "a database has what its data was made with",
    line("a:b", [NETWORK], ["postgres"], ["PG_MAJOR=17", "POSTGRES_USER=postgres", "POSTGRES_DB=a=b c"]),
    "",
    {
      ...{ image: "a:b", connected: true, command: ["postgres"] },
      database: { name: "a=b c", user: "postgres", major: 17 },
    },
  ],
  ["a container that is missing is absent", "", `Error: No such container: ${NAME}\n`, "absent"],
  ["client 20.10 prints an empty line then", "\n", `Error: No such container: ${NAME}\n`, "absent"],
  [
    "newer clients say it in their words",
    "",
    `Error response from daemon: No such container: ${NAME}\n`,
    "absent",
  ],
  ["another's absence says nothing", "", `Error: No such container: ${NAME}-2\n`, "unknown"],
  [
    "a name that begins alike is another's",
    line("x:y", [NETWORK]).replace(NAME, `${NAME}-trial`),
    "",
    "unknown",
  ],
  ["half a line is no answer", line("a:b", [NETWORK]).slice(0, -9), "", "unknown"],
  [
    "a network that is null is none",
    line("a:b", []).replace("{}", "null"),
    "",
    { image: "a:b", connected: false, command: [] },
  ],
  ["without a daemon nothing is known", "", "Cannot connect to the Docker daemon\n", "unknown"],
])("%s", (_, stdout, stderr, known) => {
  expect(deployed(NAME, NETWORK, stdout, stderr)).toEqual(known);
});
