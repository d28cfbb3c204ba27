/** A stack that moves from one docker host to a swarm of one node, without a registry. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Engine } from "../support/engine.ts";
import { changes, execute, Scratch } from "../support/scratch.ts";
import { runBlock } from "../support/scratchPage.ts";
import { removeFromSwarm } from "../support/swarm.ts";
import { probedOften } from "../support/swarmStack.ts";

let engine: Engine;
let scratch: Scratch;

beforeAll(async () => {
  engine = await Engine.make();
  process.env["DOCKER_HOST"] = engine.host;
  scratch = await Scratch.make(engine.asHost);
  probedOften(scratch);
});
afterAll(async () => {
  try {
    if (scratch !== undefined) await removeFromSwarm(scratch);
  } finally {
    await engine?.remove();
    delete process.env["DOCKER_HOST"];
  }
});

const budgets = async () =>
  ((await (await fetch(`${scratch.backUrl}/api/budgets`)).json()) as { name: string }[]).map(
    ({ name }) => name,
  );
const add = async (name: string) => {
  const body = JSON.stringify({ name, amountCents: 1 });
  const headers = { "content-type": "application/json" };
  const { status } = await fetch(`${scratch.backUrl}/api/budgets`, { method: "POST", headers, body });
  expect(status).toBe(201);
};
const npm = (name: string, ...args: string[]) =>
  execute(
    process.execPath,
    [`scripts/${name}.ts`, "--stack", scratch.stack, "--config-file", scratch.configFile, ...args],
    scratch.env,
  );

it("a docker host in no swarm is refused, with the way", async () => {
  scratch.config["target"] = "swarm";
  const { code, output } = await scratch.up();
  expect(code).not.toBe(0);
  expect(output).toContain(
    `agatha:target: "swarm" needs a swarm, and the docker host at "${engine.host}" is in none. Make one there: \`docker swarm init --advertise-addr 127.0.0.1 --listen-addr 127.0.0.1\``,
  );
  delete scratch.config["target"];
});

it("a stack leaves one host as the page says, and keeps its data", async () => {
  expect((await scratch.destroy()).code).toBe(0);
  await scratch.upWell();
  await add("before");
  const output = await runBlock(scratch, ["docs/scale.md", "hosts/swarmNode.test.ts", "one node"]);
  expect(output).toMatch(/^back +Up with 2 of 2 tasks \(healthy\) +by 2 tasks/m);
  expect(await budgets()).toContain("before");
  expect(changes((await scratch.upWell()).operations)).toEqual({});
});

it("a back that cannot run twice is replaced one after the other", async () => {
  scratch.back({ replicas: 1, overlap: false, env: { X: "1" } });
  const { operations } = await scratch.upWell();
  expect(changes(operations)).toEqual({ "back-container": "update", "back-healthy": "replace" });
  const format = "{{.Spec.UpdateConfig.Order}}";
  expect(await scratch.docker("service", "inspect", "--format", format, scratch.named("back"))).toEqual([
    "stop-first",
  ]);
  expect(await budgets()).toContain("before");
});

it("a restore stops the tasks and starts them again", async () => {
  const backup = await npm("backup");
  expect(backup.code, backup.output).toBe(0);
  await add("after");
  const { code, output } = await npm("restore", backup.output.split("\n")[0] ?? "", "--yes");
  expect(code, output).toBe(0);
  expect(output).toMatch(/the back was away for [\d.]+ s and is healthy/);
  expect(await budgets()).toContain("before");
  expect(await budgets()).not.toContain("after");
  expect(changes((await scratch.upWell()).operations)).toEqual({});
});
