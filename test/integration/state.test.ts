/** The state: one update at a time, and a move to another backend that loses nothing. */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { changes, execute, Scratch } from "../support/scratch.ts";
import { runBlock } from "../support/scratchPage.ts";

let scratch: Scratch;

beforeAll(async () => {
  scratch = await Scratch.make();
});
afterAll(() => scratch?.remove());

/** Locks that the backend has. */
const locks = () =>
  readdirSync(join(scratch.folder, "state"), { recursive: true, encoding: "utf8" }).filter((name) =>
    /locks\/.*\.json$/.test(name),
  );

it("the second of two updates says who has the stack, in one sentence, and the first goes on", async () => {
  const first = scratch.upWell();
  for (let looks = 0; locks().length === 0 && looks < 600; looks++) await sleep(100);
  const down = ["scripts/down.ts", "--stack", scratch.stack, `--config-file=${scratch.configFile}`];
  const { code, output } = await execute(process.execPath, down, scratch.env);
  expect(code).not.toBe(0);
  expect(output).toMatch(
    new RegExp(
      `^pulumi: stack ${scratch.stack} is locked by \\S+@\\S+ \\(process \\d+\\) since \\S+\\. Wait until it has ended; if it was killed, .pulumi cancel --stack ${scratch.stack}. unlocks\\.$`,
      "m",
    ),
  );
  expect(output).not.toContain("delete the lock file");
  await first;
});

/** Moves the stack to another file backend and passphrase. */
async function move(backend: string, passphrase: string): Promise<void> {
  const words = { "file:///srv/pulumi": backend, "staging.json": join(scratch.folder, "staging.json") };
  const where: [string, string, string] = ["docs/environments.md", "integration/state.test.ts", "move"];
  await runBlock(scratch, where, { words, input: `${passphrase}\n${passphrase}\n` });
  Object.assign(scratch.env, { PULUMI_BACKEND_URL: backend, PULUMI_CONFIG_PASSPHRASE: passphrase });
}

it("a move to another backend keeps everything, under another passphrase", async () => {
  const before = await scratch.running();
  const other = join(scratch.folder, "other");
  mkdirSync(other);
  const salt = () => /^encryptionsalt: (.*)$/m.exec(readFileSync(scratch.configFile, "utf8"))?.[1];
  const old = salt();
  await move(`file://${other}`, "another");
  expect(salt()).toMatch(/^v1:/);
  expect(salt()).not.toBe(old);
  const preview = await scratch.preview();
  expect(preview.code, preview.output).toBe(0);
  expect(changes(preview.operations)).toEqual({});
  expect(changes((await scratch.upWell()).operations)).toEqual({});
  expect(await scratch.running()).toEqual(before);
  expect(await scratch.outputs("--show-secrets")).toMatchObject({ databasePassword: scratch.password });
  // Nothing of it became readable on the way. (Pulumi's history has the configuration, where the test's is no secret.)
  const states = readdirSync(other, { recursive: true, encoding: "utf8" }).filter((path) =>
    /stacks\/.*\.json$/.test(path),
  );
  expect(states.length).toBeGreaterThan(0);
  for (const name of states) expect(readFileSync(join(other, name), "utf8")).not.toContain(scratch.password);
});
