/** `agatha:target` on the command line of `npm run up`, and the swarm that it needs. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { read } from "../../../lib/cli/command.ts";
import { chooseTarget } from "../../../lib/stacks/chooseTarget.ts";
import { fake } from "../../support/programs.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agatha-target-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** On a docker host in this state, with a stack whose state has this target. @returns What pulumi gets, and what was run. */
async function choose(args: string[], { swarm = "inactive", held = "", config = "{}" } = {}) {
  const stash = { type: "pulumi:index:Stash", urn: "u::docker-host" };
  const output = { engine: "E", address: "a", target: held };
  const resources = held === "" ? [] : [{ ...stash, outputs: { output } }];
  const pulumi = fake(folder, "pulumi", [
    `case "$1 $2" in "stack export") echo '${JSON.stringify({ deployment: { resources } })}' ;;`,
    `*) echo "pulumi $*" >> ${folder}/said ;; esac`,
  ]);
  vi.stubEnv("PATH", pulumi["PATH"]);
  const docker = fake(folder, "docker", [
    `case "$1" in info) echo '{"LocalNodeState":"${swarm}","ControlAvailable":false}' ;;`,
    `*) echo "docker $*" >> ${folder}/said ;; esac`,
  ]);
  for (const [name, value] of Object.entries({ ...docker, DOCKER_HOST: "unix:///x" }))
    vi.stubEnv(name, value);
  vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const file = join(folder, "Pulumi.s.yaml");
  writeFileSync(file, `config: ${config}\n`);
  writeFileSync(join(folder, "said"), "");
  const given = read("up", ["--stack", "s", "--config-file", file, ...args]);
  const passed = await chooseTarget(given, process.env);
  const said = readFileSync(join(folder, "said"), "utf8").replaceAll(file, "FILE");
  return { passed, said: said.split("\n").filter(Boolean) };
}

const INIT = "docker swarm init --advertise-addr 127.0.0.1 --listen-addr 127.0.0.1";
const SET = (target: string) => `pulumi config set agatha:target ${target} --stack s --config-file FILE`;

it("a target is set once there is a swarm, and pulumi gets the resources alone", async () => {
  const { passed, said } = await choose(["--target", "swarm", "--target", "urn:x", "--yes"]);
  expect(said).toEqual([INIT, SET("swarm")]);
  expect(passed).toEqual(["--target=urn:x"]);
  expect(await choose(["--target", "docker"])).toEqual({ passed: [], said: [SET("docker")] });
});

it("a swarm is made for the configured target too, if the docker host is in none", async () => {
  const config = "{ 'agatha:target': swarm }";
  expect((await choose(["--yes"], { config })).said).toEqual([INIT]);
  for (const swarm of ["active", "locked", "pending"])
    expect((await choose(["--yes"], { config, swarm })).said).toEqual([]);
});

it("a swarm is made neither with nobody to ask nor for a stack on one host", async () => {
  const config = "{ 'agatha:target': swarm }";
  expect((await choose([], { config })).said).toEqual([]);
  expect((await choose(["--yes"], { config, held: "docker" })).said).toEqual([]);
  expect((await choose(["--yes"], { config, held: "swarm" })).said).toEqual([INIT]);
  expect((await choose(["--yes"])).said).toEqual([]);
});

it("another target than the stack's is refused before the key is set", async () => {
  const refused = choose(["--target", "swarm", "--yes"], { held: "docker" });
  await expect(refused).rejects.toThrow(
    '--target: "swarm" is not what stack "s" runs on, which is "docker". Take the stack down by `npm run down`, which keeps the data, then run this again.',
  );
  expect(readFileSync(join(folder, "said"), "utf8")).toBe("");
  expect((await choose(["--target", "docker"], { held: "docker" })).said).toEqual([SET("docker")]);
});

it("a host that is not fit is refused before the key is set, and so is a swarm that nobody agrees to", async () => {
  for (const [swarm, words] of [
    ["inactive", "is in none. Make one there"],
    ["locked", "is locked"],
    ["active", "is a worker of its swarm"],
  ] as const) {
    await expect(choose(["--target", "swarm"], { swarm })).rejects.toThrow(words);
    expect(readFileSync(join(folder, "said"), "utf8")).toBe("");
  }
});
