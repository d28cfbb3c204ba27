/** The state: one update at a time, and a lossless move to another backend. */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Bucket } from "../support/bucket.ts";
import { putEntry } from "../support/jar.ts";
import { changes, execute, Scratch } from "../support/scratch.ts";
import { runBlock } from "../support/scratchPage.ts";

let scratch: Scratch;
let bucket: Bucket;

beforeAll(async () => {
  scratch = await Scratch.make();
  bucket = await Bucket.start();
});
afterAll(() => scratch?.remove().finally(() => bucket?.end()));

/** A second update is refused while the first one runs. */
async function expectKeptOut(first: Promise<unknown>, env: NodeJS.ProcessEnv): Promise<void> {
  const down = ["scripts/down.ts", "--stack", scratch.stack, `--config-file=${scratch.configFile}`];
  const { code, output } = await execute(process.execPath, down, env);
  expect(code).not.toBe(0);
  expect(output).toMatch(
    new RegExp(
      `^pulumi: stack ${scratch.stack} is locked by \\S+@\\S+ \\(process \\d+\\) since \\S+\\. Wait until it has ended; if it was killed, .pulumi cancel --stack ${scratch.stack}. unlocks\\.$`,
      "m",
    ),
  );
  expect(output).not.toContain("delete the lock file");
  await first;
}

/** Locks that the backend has. */
const locks = () =>
  readdirSync(join(scratch.folder, "state"), { recursive: true, encoding: "utf8" }).filter((name) =>
    /locks\/.*\.json$/.test(name),
  );

it("the second of two updates reports who has the lock, and the first goes on", async () => {
  const first = scratch.upWell();
  for (let looks = 0; locks().length === 0 && looks < 600; looks++) await sleep(100);
  await expectKeptOut(first, scratch.env);
});

/** Moves the stack to another file backend and passphrase. */
async function move(backend: string, passphrase: string): Promise<void> {
  // Quoted, for the & in a bucket's address.
  const words = {
    "file:///srv/pulumi": `'${backend}'`,
    "staging.json": join(scratch.folder, "staging.json"),
  };
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
  // Nothing was decrypted on the way. (Pulumi's history has the configuration, in which the test's password is no secret.)
  const states = readdirSync(other, { recursive: true, encoding: "utf8" }).filter((path) =>
    /stacks\/.*\.json$/.test(path),
  );
  expect(states.length).toBeGreaterThan(0);
  for (const name of states) expect(readFileSync(join(other, name), "utf8")).not.toContain(scratch.password);
});

it("a move to a bucket keeps everything, after a login there", async () => {
  const before = await scratch.running();
  Object.assign(scratch.env, bucket.env);
  await move(bucket.url, "in the bucket");
  delete scratch.env["PULUMI_BACKEND_URL"];
  // Not the login of whoever runs the test.
  scratch.env["PULUMI_CREDENTIALS_PATH"] = scratch.env["PULUMI_HOME"];
  const login = await execute("pulumi", ["login", bucket.url], scratch.env);
  expect(login.code, login.output).toBe(0);
  expect(changes((await scratch.preview()).operations)).toEqual({});
  const up = ["scripts/up.ts", "--existing", "--stack", scratch.stack, `--config-file=${scratch.configFile}`];
  const ended = await execute(process.execPath, up, scratch.env);
  expect(ended.code, ended.output).toBe(0);
  expect(ended.output).toMatch(/Resources:\n +\d+ unchanged\n/);
  expect(ended.output).toContain(`  front     ${scratch.frontUrl}\n`);
  expect(await scratch.running()).toEqual(before);
  expect(await scratch.outputs("--show-secrets")).toMatchObject({ databasePassword: scratch.password });
  const [state = ""] = await bucket.list(`.pulumi/stacks/agatha/${scratch.stack}.json`);
  expect(await bucket.read(state)).toContain(`organization/agatha/${scratch.stack}`);
  expect(await bucket.read(state)).not.toContain(scratch.password);
});

it("in a bucket, too, the second of two updates reports who has the lock", async () => {
  await putEntry(scratch.jar, "release.txt", "2\n");
  const first = scratch.upWell();
  for (let looks = 0; looks < 600; looks++) {
    if ((await bucket.list(".pulumi/locks/")).length > 0) break;
    await sleep(100);
  }
  await expectKeptOut(first, scratch.env);
});
