/** Two updates at once, an interrupt, a lock or half a state left behind: each is reported, and the next up goes on. */
import { copyFileSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stackExists } from "../../lib/stacks/stack.ts";
import { EngineStack } from "../support/engineStack.ts";
import { killedUp, recovered, type StartedUp, startUp } from "../support/killedUp.ts";
import { changes, type Scratch } from "../support/scratch.ts";
import { expectSentences } from "../support/words.ts";

let own: EngineStack;
let scratch: Scratch;

beforeAll(async () => {
  own = await EngineStack.make();
  ({ scratch } = own);
});
afterAll(() => own?.remove());

const health = async () => (await fetch(`${scratch.backUrl}/health`)).status;

/** An update that is at work on the back's container. */
async function running(): Promise<StartedUp> {
  const up = startUp(scratch);
  while (!up.printed().includes(`Container ${scratch.named("back")} creat`) && up.child.exitCode === null)
    await sleep(20);
  return up;
}

it("a second update at the same time is refused, and does not disturb the first", async () => {
  scratch.back({ env: { RUN: "1" } });
  const first = await running();
  // As `npm run up` does it: the lock of a living process stays.
  await recovered(scratch);
  const second = await scratch.up();
  expect(second.code).not.toBe(0);
  expect(second.output).toContain("the stack is currently locked by 1 lock(s)");
  expectSentences(scratch, second.output);
  expect(await first.ended, first.printed()).toBe(0);
  expect(changes((await scratch.upWell()).operations)).toEqual({});
});

it("an interrupted update ends cleanly, and the next one goes on", async () => {
  scratch.back({ env: { RUN: "2" } });
  const first = await running();
  first.child.kill("SIGINT");
  expect(await first.ended).not.toBe(0);
  expectSentences(scratch, first.printed());
  // No lock and no pending operation is left, so plain pulumi goes on.
  const { output } = await scratch.upWell();
  expect(output).not.toContain("pending operations");
  expect(await health()).toBe(200);
  expect(changes((await scratch.upWell()).operations)).toEqual({});
});

/** A container as a killed update leaves it. */
async function leave(service: string): Promise<string> {
  const [image = ""] = await scratch.docker(
    "inspect",
    "--format",
    "{{.Image}}",
    await scratch.container("db"),
  );
  const labels = ["--label", `agatha.stack=${scratch.stack}`, "--label", `agatha.service=${service}`];
  const network = ["--network", `agatha-${scratch.stack}-network`];
  const name = `agatha-${scratch.stack}-left-${service}`;
  await scratch.docker(
    "run",
    "--detach",
    "--name",
    name,
    ...labels,
    ...network,
    "--entrypoint",
    "sleep",
    image,
    "600",
  );
  return name;
}

const left = async () =>
  (await scratch.docker("ps", "--all", "--format", "{{.Names}}")).filter((name) =>
    name.startsWith(`agatha-${scratch.stack}-left-`),
  );

it("a lock of another host, or one that is being written, is left alone", async () => {
  const folder = join(scratch.folder, "state/.pulumi/locks/organization/agatha", scratch.stack);
  mkdirSync(folder, { recursive: true });
  const lock = (host: string) =>
    JSON.stringify({ pid: 2 ** 22 + 1, username: "u", hostname: host, timestamp: "2026-11-24T10:00:00Z" });
  const [trial, proving] = [await leave("db-trial"), await leave("db-work")];
  writeFileSync(join(folder, "a.json"), lock("another-host"));
  writeFileSync(join(folder, "b.json"), "");
  writeFileSync(join(folder, "c.json"), lock(hostname()));
  await recovered(scratch);
  expect(readdirSync(folder).sort()).toEqual(["a.json", "b.json"]);
  expect((await left()).sort()).toEqual([trial, proving].sort());
  rmSync(join(folder, "b.json"));
  const { code, output } = await scratch.up();
  expect(code).not.toBe(0);
  expect(output).toContain("the stack is currently locked by 1 lock(s)");
  expect((await scratch.pulumi(["cancel", "--yes"])).code).toBe(0);
  // Nobody holds the lock: containers of an update are removed, those of another command stay.
  await recovered(scratch);
  expect(await left()).toEqual([proving]);
  await scratch.docker("rm", "--force", "--volumes", proving);
  await scratch.upWell();
});

// `failed to load checkpoint: EOF`: the state could only be imported by hand.
it("a state that was half written when its update was killed is restored, and the next up goes on", async () => {
  scratch.back({ env: { RUN: "3" } });
  await killedUp(scratch, { event: new RegExp(`^container create ${scratch.named("back")}-`) });
  // As Pulumi writes it: the last state goes into the backup, and the next one is cut off.
  const state = join(scratch.folder, `state/.pulumi/stacks/agatha/${scratch.stack}.json`);
  copyFileSync(state, `${state}.bak`);
  truncateSync(state, 1000);
  const { code, output } = await scratch.pulumi(["stack", "export"]);
  expect(code, output).not.toBe(0);
  expect(output).toMatch(/failed to load checkpoint|unexpected end of JSON input/);
  // What every npm command asks first.
  expect(await stackExists(scratch.stack, scratch.env)).toBe(true);
  await recovered(scratch);
  await scratch.upWell();
  expect(await health()).toBe(200);
  expect(changes((await scratch.upWell()).operations)).toEqual({});
});
