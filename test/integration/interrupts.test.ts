/** Two updates at once, one that is interrupted, and a lock that is left: each is said, and the next up goes on. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { recovered, type StartedUp, startUp } from "../support/killedUp.ts";
import { changes, Scratch } from "../support/scratch.ts";
import { expectSentences } from "../support/words.ts";

let scratch: Scratch;

beforeAll(async () => {
  scratch = await Scratch.make();
  await scratch.upWell();
});
afterAll(() => scratch?.remove());

const health = async () => (await fetch(`${scratch.backUrl}/health`)).status;

/** An update that is at work on the back's container. */
async function running(): Promise<StartedUp> {
  const up = startUp(scratch);
  while (!/back-container/.test(up.printed()) && up.child.exitCode === null) await sleep(20);
  return up;
}

it("a second update at once is refused, and takes nothing from the first", async () => {
  scratch.back({ env: { RUN: "1" } });
  const first = await running();
  // What `npm run up` does: a lock whose holder lives stays.
  await recovered(scratch);
  const second = await scratch.up();
  expect(second.code).not.toBe(0);
  expect(second.output).toContain("the stack is currently locked by 1 lock(s)");
  expectSentences(scratch, second.output);
  expect(await first.ended, first.printed()).toBe(0);
  expect(changes((await scratch.upWell()).operations)).toEqual({});
});

it("an interrupted update ends in good order, and the next one goes on", async () => {
  scratch.back({ env: { RUN: "2" } });
  const first = await running();
  first.child.kill("SIGINT");
  expect(await first.ended).not.toBe(0);
  expectSentences(scratch, first.printed());
  // No lock is left, nothing is pending: plain pulumi goes on.
  const { output } = await scratch.upWell();
  expect(output).not.toContain("pending operations");
  expect(await health()).toBe(200);
  expect(changes((await scratch.upWell()).operations)).toEqual({});
});

/** A container like one that a killed update leaves. */
async function leave(service: string): Promise<string> {
  const [image = ""] = await scratch.docker("inspect", "--format", "{{.Image}}", scratch.container("db"));
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
  const [trial, adopting] = [await leave("back-trial"), await leave("db-work")];
  writeFileSync(join(folder, "a.json"), lock("another-host"));
  writeFileSync(join(folder, "b.json"), "");
  writeFileSync(join(folder, "c.json"), lock(hostname()));
  await recovered(scratch);
  expect(readdirSync(folder).sort()).toEqual(["a.json", "b.json"]);
  expect((await left()).sort()).toEqual([trial, adopting].sort());
  rmSync(join(folder, "b.json"));
  const { code, output } = await scratch.up();
  expect(code).not.toBe(0);
  expect(output).toContain("the stack is currently locked by 1 lock(s)");
  expect((await scratch.pulumi(["cancel", "--yes"])).code).toBe(0);
  // Nobody holds the stack now: what an update left goes, but not what another command runs.
  await recovered(scratch);
  expect(await left()).toEqual([adopting]);
  await scratch.docker("rm", "--force", "--volumes", adopting);
  await scratch.upWell();
});
