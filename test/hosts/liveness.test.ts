/** A dead service is restarted by itself: without an `up`, and without a docker socket in a container. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { Engine } from "../support/engine.ts";
import { changes, Scratch } from "../support/scratch.ts";

let engine: Engine;
let scratch: Scratch;

beforeAll(async () => {
  engine = await Engine.make();
  scratch = await Scratch.make(engine.asHost);
  await scratch.upWell();
});
afterAll(async () => {
  try {
    await scratch?.remove();
  } finally {
    await engine?.remove();
  }
});

const inspect = async (service: string, format: string) =>
  (await scratch.docker("inspect", "--format", format, await scratch.container(service)))[0] ?? "";

const restarts = async () => Number(await inspect("back", "{{.RestartCount}}"));

const answers = async () => {
  const { status } = await fetch(`${scratch.backUrl}/api/budgets`, { signal: AbortSignal.timeout(2000) });
  expect(status).toBe(200);
};

/** Waits until the back answers; returns the seconds that took. */
async function backAgain(): Promise<number> {
  const start = performance.now();
  await vi.waitFor(answers, { timeout: 120_000, interval: 200 });
  return (performance.now() - start) / 1000;
}

/** Process id, on this host, of the program itself: the child of docker-init. */
async function programOf(service: string): Promise<number> {
  const init = await inspect(service, "{{.State.Pid}}");
  const children = readFileSync(`/proc/${init}/task/${init}/children`, "utf8").trim().split(" ");
  expect(children).toHaveLength(1);
  return Number(children[0]);
}

it("the back answers again after a restart of its database", async () => {
  await scratch.docker("restart", await scratch.container("db"));
  expect(await backAgain()).toBeLessThan(30);
});

/** The start period lasts until the back's check has found it healthy once. */
const foundHealthy = () =>
  vi.waitFor(async () => expect(await inspect("back", "{{.State.Health.Status}}")).toBe("healthy"), {
    timeout: 60_000,
    interval: 500,
  });

it("a back whose database was down for longer is restarted, and answers once the database is back", async () => {
  await foundHealthy();
  const before = await restarts();
  await scratch.docker("stop", await scratch.container("db"));
  await vi.waitFor(async () => expect(await restarts()).toBeGreaterThan(before), {
    timeout: 120_000,
    interval: 500,
  });
  await scratch.docker("start", await scratch.container("db"));
  await backAgain();
  const log = (await scratch.docker("logs", await scratch.container("back"))).join("\n");
  expect(log).toContain(
    "agatha-liveness: 3 probes in a row failed: ending the service, so that it starts again",
  );
});

it("a back that hangs is killed and restarted", async () => {
  await foundHealthy();
  const before = await restarts();
  const hanging = await programOf("back");
  process.kill(hanging, "SIGSTOP");
  await expect(answers()).rejects.toThrow();
  // Three probes of 5 s, 5 s apart, and 5 s of grace; the rest is for the start on a busy machine.
  expect(await backAgain()).toBeLessThan(75);
  expect(await restarts()).toBe(before + 1);
  expect(await programOf("back")).not.toBe(hanging);
});

it("a killed back is restarted", async () => {
  const before = await restarts();
  process.kill(await programOf("back"), "SIGKILL");
  await vi.waitFor(async () => expect(await restarts()).toBe(before + 1), { timeout: 20_000, interval: 100 });
  await backAgain();
});

it("a database that hangs for some time is left alone, and continues", async () => {
  const started = await inspect("db", "{{.State.StartedAt}}");
  const hanging = await programOf("db");
  process.kill(hanging, "SIGSTOP");
  try {
    // Docker marks it unhealthy after three probes.
    await vi.waitFor(async () => expect(await inspect("db", "{{.State.Health.Status}}")).toBe("unhealthy"), {
      timeout: 180_000,
      interval: 1000,
    });
  } finally {
    process.kill(hanging, "SIGCONT");
  }
  await backAgain();
  expect(await inspect("db", "{{.State.StartedAt}} {{.RestartCount}}")).toBe(`${started} 0`);
});

it("none of this shows as a change of the stack", async () => {
  expect(changes((await scratch.upWell()).operations)).toEqual({});
});
