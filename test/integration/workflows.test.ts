/** Runs the commands of the workflows' steps as GitHub's runner would, with the variables that they name. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { clean, codes, GithubRunner, said } from "../support/githubRunner.ts";
import { execute, Scratch } from "../support/scratch.ts";
import { writeStackFile } from "../support/scratchPage.ts";
import { commands } from "../support/workflows.ts";

let scratch: Scratch;
/** The stack's file, where a clone has it. */
let file: string;
let runner: GithubRunner;

beforeAll(async () => {
  scratch = await Scratch.make();
  runner = new GithubRunner(scratch.folder);
  file = writeStackFile(scratch);
});
afterAll(async () => {
  if (file !== undefined) rmSync(file, { force: true });
  await scratch?.remove();
});
beforeEach(() => runner.pullRequest(7, "OPEN"));

/** The repository's variables and secrets. */
const settings = (): Record<string, string> => ({
  "vars.PREVIEW_STACK": scratch.stack,
  "vars.PULUMI_BACKEND_URL": scratch.env["PULUMI_BACKEND_URL"] ?? "",
  "secrets.PULUMI_CONFIG_PASSPHRASE": scratch.env["PULUMI_CONFIG_PASSPHRASE"] ?? "",
  "github.token": "t0ken",
});

/** What must not appear in a pull request's comment. */
function expectReadable(text: string): void {
  expect(text).toContain("| image | change | why | restart | data |");
  expect(text).not.toContain(scratch.password);
  expect(text).not.toContain("\u001b");
  expect(text).not.toMatch(/\/nix\/store|using plugin|\$PATH|urn:pulumi|[0-9a-f]{33}/);
}

it("a pull request from a fork gets a preview against an empty state, without any secret", async () => {
  const before = readFileSync(file, "utf8");
  const ran = await runner.run("preview.yml", "preview-without-secrets", {
    "vars.PREVIEW_STACK": scratch.stack,
  });
  expect(codes(ran), said(ran)).toEqual([0, 0]);
  const text = readFileSync(runner.summary, "utf8");
  expectReadable(text);
  expect(text).toMatch(/^### .*: what `up` would change\n\nPreviewed without the stack's state and secrets/);
  expect(text).toMatch(/\| \*\*back\*\* \| is built \| `[0-9a-z]{8}…` \| starts \| migrations run \|/);
  expect(text).toMatch(/\+ agatha-\S+-back \(docker:Container\): create/);
  expect(runner.comments()).toEqual([]);
  expect(readFileSync(file, "utf8")).toBe(before);
});

it("a pull request of the repo itself gets one comment, which the next push updates", async () => {
  const ran = await runner.run("preview.yml", "preview", settings());
  expect(codes(ran), said(ran)).toEqual([0, 0, 0]);
  expect(runner.comments()).toHaveLength(1);
  expectReadable(runner.comments()[0] ?? "");
  expect(runner.comments()[0]).toMatch(
    /^<!-- agatha: preview of stack .* -->\n### .*: what `up` would change/,
  );

  const jar = join(scratch.folder, "away.jar");
  renameSync(scratch.jar, jar);
  const failed = await runner.run("preview.yml", "preview", settings());
  renameSync(jar, scratch.jar);
  expect(codes(failed), said(failed)).toEqual([0, 1, 0]);
  expect(runner.comments()).toHaveLength(1);
  expect(runner.comments()[0]).toMatch(
    /: the preview failed\n\nNothing was changed.*back\.jar: ".*" does not exist\./s,
  );
  expect(runner.comments()[0]).not.toMatch(/\n\s+at |node:internal/);
});

it("a push updates the stack; the next preview shows no change", async () => {
  const ran = await runner.run("deploy.yml", "staging", { ...settings(), STACK: scratch.stack });
  expect(codes(ran), said(ran)).toEqual([0, 0, 0]);
  expect((await fetch(scratch.frontUrl)).status).toBe(200);
  expect(said(ran)).not.toContain(scratch.password);
  const preview = await runner.run("preview.yml", "preview", settings());
  expect(codes(preview), said(preview)).toEqual([0, 0, 0]);
  expect(runner.comments()[0]).toMatch(/: nothing would change\n/);
});

it("a preview that expects no changes exits with 1 if it finds one", async () => {
  const args = ["run", "--silent", "preview", "--", "--expect-no-changes", "--stack", scratch.stack];
  const same = await execute("npm", args, scratch.env);
  expect(same.code, same.output).toBe(0);
  writeFileSync(join(scratch.dist, "more.txt"), "more\n");
  const changed = await execute("npm", args, scratch.env);
  rmSync(join(scratch.dist, "more.txt"));
  expect(changed.code, changed.output).toBe(1);
  expect(changed.output).toContain("front");
});

it("a push creates no stack without its backend", async () => {
  const { run, env } = commands("deploy.yml", "prod").at(-1) as { run: string; env: Record<string, string> };
  const empty = Object.fromEntries(Object.keys(env).map((name) => [name, ""]));
  const backend = { PULUMI_BACKEND_URL: `file://${scratch.folder}` };
  const ended = await execute("bash", ["-e", "-c", run], { ...clean(), ...empty, ...backend, STACK: "prod" });
  expect(ended.code).toBe(1);
  expect(ended.output).toContain('--stack: "prod" is not in this backend.');
});
