/**
 * Whatever is killed while a new version takes over, the next `up` goes on, with the routes of now and no container left over.
 * Runs on a temporary docker host, whose daemon can be killed.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Engine } from "../support/engine.ts";
import { EngineStack } from "../support/engineStack.ts";
import { killedUp, type Moment, recovered, type WatchedUp, watchedUp } from "../support/killedUp.ts";
import type { Load } from "../support/load.ts";
import { changes, type Scratch } from "../support/scratch.ts";
import { expectSettled, routed } from "../support/servicesNow.ts";
import { type SlowRequest, slowRequest } from "../support/slowRequest.ts";
import { expectUnnoticed } from "../support/unnoticed.ts";

let own: EngineStack;
let engine: Engine;
let scratch: Scratch;
let load: Load;

beforeAll(async () => {
  own = await EngineStack.make();
  ({ engine, scratch } = own);
});
afterAll(() => own?.remove());
beforeEach(async () => {
  load = await own.load();
});
afterEach(async () => {
  await load.stop();
  // After a kill that a test did not get over.
  await recovered(scratch);
});

/** What is printed when the wait for the new container begins, and when it has taken over. */
const GATE = /back-healthy creating/;
const TAKEN_OVER = /agatha-back is healthy after/;

let version = 0;
const change = () => scratch.back({ env: { VERSION: String(++version) } });

/** Which version's requests are answered: the environment of the container that is routed. */
async function served(): Promise<string> {
  const [id = ""] = await routed(scratch, "back");
  const env = await scratch.docker("inspect", "--format", "{{range .Config.Env}}{{println .}}{{end}}", id);
  return env.find((one) => one.startsWith("VERSION="))?.slice("VERSION=".length) ?? "";
}

describe("nobody notices that pulumi up is killed, and the next one goes on:", () => {
  const CONTAINER = "-back-[0-9a-f]{7}$";
  const moments: [string, Moment][] = [
    ["places files", { event: /^container create .*-back-files-.*-courier$/ }],
    ["makes the container", { event: new RegExp(`^container create .*${CONTAINER}`) }],
    ["waits until it is healthy", { event: new RegExp(`^container start .*${CONTAINER}`) }],
    ["waits for the old one's requests", { output: TAKEN_OVER }],
    ["stops the old one", { event: new RegExp(`^container kill .*${CONTAINER}`) }],
    ["removes the old one", { event: new RegExp(`^container destroy .*${CONTAINER}`) }],
  ];
  it.each(moments)("while it %s", async (_, moment) => {
    // It keeps the old one from ending.
    let slow: Promise<SlowRequest> | undefined;
    change();
    await killedUp(scratch, moment, (printed) => {
      if (moment.output !== undefined && GATE.test(printed))
        slow ??= slowRequest(`${scratch.backUrl}/api/budgets`);
    });
    expect(await (await slow)?.finish()).toBe(moment.output === undefined ? undefined : 201);
    await recovered(scratch);
    await scratch.upWell();
    await expectSettled(scratch);
    expect(await served()).toBe(String(version));
    expectUnnoticed(await load.stop());
  });

  it("and then nothing is left to do", async () => {
    expect(changes((await scratch.upWell()).operations)).toEqual({});
  });
});

/** Kills HAProxy itself; its container ends, and docker starts it again. */
async function killGateway(): Promise<void> {
  const [init] = await scratch.docker("inspect", "--format", "{{.State.Pid}}", scratch.named("gateway"));
  const [child] = readFileSync(`/proc/${init}/task/${init}/children`, "utf8").split(" ");
  process.kill(Number(child), "SIGKILL");
}

/** Both services answer; returns the seconds that took. */
async function again(): Promise<number> {
  const start = performance.now();
  for (const url of [`${scratch.backUrl}/health`, scratch.frontUrl])
    await vi.waitFor(
      async () => expect((await fetch(url, { signal: AbortSignal.timeout(2000) })).status).toBe(200),
      { timeout: 60_000, interval: 50 },
    );
  return Math.round(performance.now() - start) / 1000;
}

/** Serves with the routes of now, and lost nothing; what came while it was away failed. */
async function expectBack(what: string): Promise<void> {
  const seconds = await again();
  await expectSettled(scratch);
  expect(await served()).toBe(String(version));
  const after = await own.load();
  await sleep(500);
  expectUnnoticed(await after.stop());
  const { missing, longestGapMs, failed } = await load.stop();
  expect(missing).toEqual([]);
  console.info(`${what}: away for ${seconds} s, gap ${Math.round(longestGapMs)} ms, ${failed} failed`);
}

describe("a gateway that is killed comes back with the routes of now:", () => {
  it("when nothing else happens", async () => {
    await killGateway();
    await expectBack("gateway killed");
  });

  const moments: [string, RegExp][] = [
    ["before the new version takes over", GATE],
    ["after it took over", TAKEN_OVER],
  ];
  it.each(moments)("in an update, %s", async (what, moment) => {
    change();
    const up: WatchedUp = watchedUp(scratch);
    await up.until(moment);
    await killGateway();
    await up.ended();
    await expectBack(`gateway killed ${what}`);
  });
});

describe("a docker daemon comes back with the routes of now:", () => {
  it("restarted", async () => {
    await engine.end("SIGTERM");
    await engine.start();
    await expectBack("daemon restarted");
  });

  it("killed", async () => {
    await engine.end("SIGKILL");
    await engine.start();
    await expectBack("daemon killed");
  });

  it("killed in an update, which then fails; the next one goes on", async () => {
    change();
    await killedUp(scratch, { event: /^container start .*-back-[0-9a-f]{7}$/ });
    await engine.end("SIGKILL");
    await engine.start();
    await recovered(scratch);
    await scratch.upWell();
    await expectBack("daemon and update killed");
  });
});
