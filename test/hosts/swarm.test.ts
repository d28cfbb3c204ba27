/** A stack on a swarm of three nodes, with a registry: nobody notices what happens to its tasks. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { setVersion } from "../support/jar.ts";
import type { LoadResult } from "../support/load.ts";
import { changes, type Ended, execute, type Scratch } from "../support/scratch.ts";
import { SwarmStack } from "../support/swarmStack.ts";
import { expectUnnoticed } from "../support/unnoticed.ts";
import { expectSentences } from "../support/words.ts";

let stack: SwarmStack;
let scratch: Scratch;

beforeAll(async () => {
  stack = await SwarmStack.make(3);
  ({ scratch } = stack);
});
afterAll(() => stack?.remove());

const get = async (url: string) => (await fetch(url)).text();
const own = (kind: "service" | "secret" | "config") =>
  scratch.docker(kind, "ls", "--filter", `label=agatha.stack=${scratch.stack}`, "--format", "{{.Name}}");
/** An npm command on the stack. */
const npm = (name: string, ...args: string[]): Promise<Ended> =>
  execute(
    process.execPath,
    [`scripts/${name}.ts`, "--stack", scratch.stack, "--config-file", scratch.configFile, ...args],
    scratch.env,
  );

it("an up that changes nothing does nothing, and a refresh finds nothing", async () => {
  expect(changes((await scratch.upWell()).operations)).toEqual({});
  const refreshed = await scratch.operate(["refresh", "--yes", "--skip-preview"]);
  expect(refreshed.code, refreshed.output).toBe(0);
  expect(changes((await scratch.upWell()).operations)).toEqual({});
});

it("updates of the back and the front are noticed by nobody", async () => {
  const running = await stack.load();
  await setVersion(scratch.jar, "2");
  writeFileSync(join(scratch.dist, "release.txt"), "2");
  const { output } = await scratch.upWell();
  expect(output).toMatch(/agatha-back is healthy after [\d.]+ s, 1 of 1 tasks/);
  expect(output).toMatch(/agatha-front is healthy after [\d.]+ s, 1 of 1 tasks/);
  expect(await get(`${scratch.backUrl}/version`)).toContain('"2"');
  expect(await get(`${scratch.frontUrl}/release.txt`)).toBe("2");
  expectUnnoticed(await running.stop());
});

it("a bad version with a new password leaves the old one serving, is tried again, and goes with the fix", async () => {
  const running = await stack.load();
  const { properties } = scratch.config["back"] as { properties: Record<string, string> };
  const [password, secrets] = [scratch.password, await own("secret")];
  scratch.config["databasePassword"] = `${password}-new`;
  scratch.back({ properties: { ...properties, serverPort: "nonsense" } });
  for (let attempt = 0; attempt < 2; attempt++) {
    const { code, output } = await scratch.up();
    expect(code).not.toBe(0);
    expect(output).toContain(
      "agatha-back does not run: task: non-zero exit (1) (rollback completed). The old one keeps serving. Fix what the log shows, then run up again. The last lines of the new one:\n",
    );
    expect(output).toContain('agatha-back: serverPort: "nonsense" is no port.');
    expectSentences(scratch, output);
  }
  const status = await npm("status");
  expect(status.code).toBe(1);
  expect(status.output).toContain(
    "back: the version before keeps serving, since the update that was to replace it failed.",
  );
  scratch.back({ properties });
  await scratch.upWell();
  expectUnnoticed(await running.stop());
  const now = await own("secret");
  // The version that has the new password is another one, and the former ones are gone.
  expect(now).toHaveLength(secrets.length);
  expect(now.filter((name) => !secrets.includes(name))).toHaveLength(1);
  expect((await npm("status")).code).toBe(0);
});

it("the back goes from one task to three and back to two, and nobody notices", async () => {
  const running = await stack.load();
  for (const replicas of [3, 2]) {
    scratch.back({ replicas });
    scratch.config["front"] = { ...(scratch.config["front"] as object), replicas: 2 };
    const { operations } = await scratch.upWell();
    expect(changes(operations)).toMatchObject({ "back-container": "update", "back-healthy": "replace" });
    const { code, output } = await npm("status");
    expect(code, output).toBe(0);
    expect(output).toMatch(
      RegExp(
        `^back +Up with ${replicas} of ${replicas} tasks \\(healthy\\) +by \\d tasks .*agatha-back-image:`,
        "m",
      ),
    );
  }
  expectUnnoticed(await running.stop());
  expect((await npm("logs", "back")).output).toContain("POST /api/budgets 201");
  expect((await npm("history")).output).toContain("run now");
});

it("a node that dies fails only the requests that it has, and its tasks run elsewhere within 30 s", async () => {
  const service = scratch.named("back");
  const worker = await stack.swarm.workerOf(service);
  if (worker === undefined) throw new Error("no task of the back is on a worker");
  const running = await stack.load();
  const start = performance.now();
  await stack.swarm.kill(worker);
  const healthy = async () => {
    const tasks = ["--filter", "desired-state=running", "--format", "{{.CurrentState}}", service];
    const states = await scratch.docker("service", "ps", ...tasks);
    expect(states.map((state) => state.split(" ")[0])).toEqual(["Running", "Running"]);
    expect(await scratch.docker("node", "ls", "--format", "{{.Status}}")).toContain("Down");
  };
  await vi.waitFor(healthy, { timeout: 60_000, interval: 300 });
  console.info(`two tasks again after ${Math.round(performance.now() - start)} ms`);
  expect(performance.now() - start).toBeLessThan(30_000);
  expectInFlight(await running.stop());
});

/** At most one request on each connection failed, cut off or without an answer in time; no acknowledged write is lost. */
function expectInFlight({ requests, failures, failed, missing, repeated }: LoadResult): void {
  console.info(`${failed} of ${requests} requests failed`);
  expect({ missing, repeated }).toEqual({ missing: [], repeated: [] });
  // Four connections to each of the two origins.
  expect(failed, JSON.stringify(failures)).toBeLessThanOrEqual(8);
}

it("another target is refused, with the way", async () => {
  const { target, back, front } = scratch.config;
  const one = (given: unknown) => ({ ...(given as object), replicas: 1 });
  Object.assign(scratch.config, { target: "docker", back: one(back), front: one(front) });
  const { code, output } = await scratch.up();
  expect(code).not.toBe(0);
  expect(output).toContain(
    `agatha:target: "docker" is not what stack "${scratch.stack}" runs on, which is "swarm". Set it back, or take the stack down by \`npm run down\`, which keeps the data, and then run up.`,
  );
  Object.assign(scratch.config, { target, back, front });
});

it("a destroy leaves the data and nothing else", async () => {
  const { code, output } = await scratch.destroy();
  expect(code, output).toBe(0);
  expect(await Promise.all((["service", "secret", "config"] as const).map(own))).toEqual([[], [], []]);
  expect(await scratch.own("container")).toEqual([]);
  expect(await scratch.own("network")).toEqual([]);
  expect(await scratch.docker("volume", "ls", "--quiet")).toEqual([scratch.named("db-data")]);
});
