/**
 * Acknowledged writes survive whatever is killed or replaced under write load, and the next up goes on. Runs on a
 * temporary docker host, whose daemon can be killed.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  changeDatabase,
  databaseLog,
  expectAll,
  replaceGracefully,
  restartGracefully,
} from "../support/database.ts";
import type { Engine } from "../support/engine.ts";
import { EngineStack } from "../support/engineStack.ts";
import { killedUp, type Moment, recovered } from "../support/killedUp.ts";
import { changes, type Scratch } from "../support/scratch.ts";
import type { Writers } from "../support/writers.ts";

let own: EngineStack;
let engine: Engine;
let scratch: Scratch;
let writers: Writers;

beforeAll(async () => {
  own = await EngineStack.make();
  ({ engine, scratch } = own);
});
afterAll(() => own?.remove());

beforeEach(async () => {
  writers = own.writers();
  await writers.more(20);
});
afterEach(async () => {
  await writers.stop();
});

/** After more writes, every acknowledged write is there, and the next up has nothing to do. */
async function expectWell(): Promise<void> {
  await writers.more(20);
  await expectAll(scratch, await writers.stop());
  expect(changes((await scratch.upWell()).operations)).toEqual({});
}

const pid = async (service: string) =>
  Number(
    (await scratch.docker("inspect", "--format", "{{.State.Pid}}", await scratch.container(service)))[0],
  );

const replaceDatabase = () => changeDatabase(scratch);

describe("under write load, no acknowledged write is lost and the next up goes on after a kill of", () => {
  it("the database's process, which docker starts again", async () => {
    process.kill(await pid("db"), "SIGKILL");
    await expectWell();
    // Shows that the test can see a crash.
    expect(await databaseLog(scratch)).toContain("automatic recovery in progress");
  });

  it("the database's container, which then stays stopped", async () => {
    await scratch.docker("kill", "--signal", "KILL", await scratch.container("db"));
    const healed = await scratch.operate(["up", "--yes", "--skip-preview", "--refresh"]);
    expect(healed.code, healed.output).toBe(0);
    await expectWell();
  });

  it("the docker daemon", async () => {
    await engine.end("SIGKILL");
    await engine.start();
    await scratch.upWell();
    await expectWell();
  });

  const moments: [string, () => Promise<void>, Moment][] = [
    [
      "creates the back's new container",
      async () => scratch.back({ env: { RUN: "1" } }),
      { event: /^container create .*-back-\w+$/ },
    ],
    ["stops the database", replaceDatabase, { event: /^container (kill|die) .*-db$/ }],
    ["migrates", replaceDatabase, { event: /^container start .*-migrate$/ }],
    [
      "builds an image",
      async () => scratch.back({ javaOptions: ["-Dkill=1"] }),
      { output: /back-image-build creating/ },
    ],
  ];
  it.each(moments)("pulumi up while it %s", async (_, change, moment) => {
    await change();
    await killedUp(scratch, moment);
    const locked = await scratch.up();
    expect(locked.code).not.toBe(0);
    expect(locked.output).toContain("the stack is currently locked by 1 lock(s)");
    await recovered(scratch);
    const { output } = await scratch.upWell();
    expect(output).not.toMatch(/interrupted while creating/);
    await expectWell();
  });
});

describe("under write load, the database shuts down cleanly, without a lost write or a recovery in its log, in", () => {
  it("two replacements of its container", async () => {
    await replaceGracefully(scratch, writers, 2);
    await expectWell();
  });

  it("two restarts of its container", async () => {
    await restartGracefully(scratch, writers, 2);
    await expectWell();
  });
});
