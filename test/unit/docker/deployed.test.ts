import { expect, it } from "vitest";
import { databaseOf, deployedOf } from "../../../lib/docker/deployedContainers.ts";

const NETWORK = "agatha-dev-network";

/** A line of `docker ps`. */
const line = (service: string, name: string, networks: string) =>
  `${[service, name, `agatha-${service}-image:abc`, networks].join("\t")}\n`;

it.each<[string, string, ReturnType<typeof deployedOf>]>([
  [
    "a container that is there has its image",
    line("back", "agatha-dev-back-1a2b3c4", `bridge,${NETWORK}`),
    { image: "agatha-back-image:abc", connected: true },
  ],
  [
    "one that is in another network than the stack's is not connected",
    line("back", "agatha-dev-back-1a2b3c4", `${NETWORK}-2`),
    { image: "agatha-back-image:abc", connected: false },
  ],
  ["nor is one in none", line("back", "x", ""), { image: "agatha-back-image:abc", connected: false }],
  ["without an answer there is none", "", "absent"],
  ["another service's says nothing", line("back-files", "x-courier", NETWORK), "absent"],
  [
    "one whose successor failed does not count: the state has the successor",
    line("back", "agatha-dev-back-1a2b3c4-former", NETWORK),
    "former agatha-back-image:abc",
  ],
  [
    "of two, the newest counts, which docker names first",
    line("back", "agatha-dev-back-2", NETWORK) + line("back", "agatha-dev-back-1", "bridge"),
    { image: "agatha-back-image:abc", connected: true },
  ],
])("%s", (_, answer, known) => {
  expect(deployedOf("back", NETWORK, answer)).toEqual(known);
});

const inspected = (Env: string[] | null, Cmd: string[] | null) => JSON.stringify({ Env, Cmd });

it("a database has what its data was made with", () => {
  const env = ["PG_MAJOR=17", "POSTGRES_USER=postgres", "POSTGRES_DB=a=b c"];
  expect(databaseOf(inspected(env, ["postgres", "-c", "work_mem=8MB"]))).toEqual({
    ...{ command: ["postgres", "-c", "work_mem=8MB"], name: "a=b c", user: "postgres", major: 17 },
  });
  expect(databaseOf(inspected(env, null))?.command).toEqual([]);
});

it("another container of the name has none", () => {
  expect(databaseOf(inspected(null, null))).toBeUndefined();
  expect(databaseOf(inspected(["POSTGRES_DB=a"], null))).toBeUndefined();
});
