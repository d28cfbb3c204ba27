/** Runs the commands of the workflows' own steps, as GitHub's runner would: with the variables that they name. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type Ended, execute, Scratch } from "../support/scratch.ts";
import { writeStackFile } from "../support/stackFile.ts";
import { commands, evaluated } from "../support/workflows.ts";

let scratch: Scratch;
/** The stack's file, where a clone has it. */
let file: string;
let server: Server;
let comments: { id: number; body: string; user: { type: string } }[] = [];

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const body = text === "" ? "" : (JSON.parse(text) as { body: string }).body;
    if (request.method === "POST") comments.push({ id: comments.length + 1, body, user: { type: "Bot" } });
    const patched = comments.find(({ id }) => request.url?.endsWith(`/comments/${id}`));
    if (request.method === "PATCH" && patched !== undefined) patched.body = body;
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(request.method === "GET" ? comments : { html_url: "http://comment" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  scratch = await Scratch.make();
  file = writeStackFile(scratch);
  writeFileSync(event(), JSON.stringify({ pull_request: { number: 7, head: { sha: "0123456789ab" } } }));
});
afterAll(async () => {
  server?.close();
  if (file !== undefined) rmSync(file, { force: true });
  await scratch?.remove();
});
beforeEach(() => {
  comments = [];
});

const event = () => join(scratch.folder, "event.json");
const summary = () => join(scratch.folder, "summary.md");

/** What the repository's settings hold. */
const settings = (): Record<string, string> => ({
  "vars.PREVIEW_STACK": scratch.stack,
  "vars.PULUMI_BACKEND_URL": scratch.env["PULUMI_BACKEND_URL"] ?? "",
  "secrets.PULUMI_CONFIG_PASSPHRASE": scratch.env["PULUMI_CONFIG_PASSPHRASE"] ?? "",
  "github.token": "t0ken",
});

/** Runs a job's commands one after the other, those after a failed one only where they are the last, as `!cancelled()`. */
async function runJob(workflow: string, id: string, context: Record<string, string>): Promise<Ended[]> {
  const ran: Ended[] = [];
  const steps = commands(workflow, id);
  for (const [index, { run, env }] of steps.entries()) {
    if (ran.some(({ code }) => code !== 0) && index < steps.length - 1) continue;
    const named = { ...env, ...(context["STACK"] === undefined ? {} : { STACK: context["STACK"] }) };
    const own = Object.entries(named).map(([name, value]) => [name, evaluated(value, context)]);
    const runner = {
      GITHUB_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      GITHUB_EVENT_PATH: event(),
      GITHUB_REPOSITORY: "team/app",
      GITHUB_STEP_SUMMARY: summary(),
      RUNNER_TEMP: scratch.folder,
    };
    ran.push(await execute("bash", ["-e", "-c", run], { ...clean(), ...runner, ...Object.fromEntries(own) }));
  }
  return ran;
}

/** The test's environment without what set-up and a person's login put there. */
const clean = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PULUMI_|AGATHA_STACK)/.test(name)));

const codes = (ran: Ended[]) => ran.map(({ code }) => code);
const said = (ran: Ended[]) => ran.map(({ output }) => output).join("\n");

/** What no reader of a pull request wants to see. */
function expectReadable(text: string): void {
  expect(text).toContain("| image | change | why | restart | data |");
  expect(text).not.toContain(scratch.password);
  expect(text).not.toContain("\u001b");
  expect(text).not.toMatch(/\/nix\/store|using plugin|\$PATH|urn:pulumi|[0-9a-f]{33}/);
}

it("a pull request from a fork gets a preview against an empty state, without any secret", async () => {
  const before = readFileSync(file, "utf8");
  const ran = await runJob("preview.yml", "preview-without-secrets", {
    "vars.PREVIEW_STACK": scratch.stack,
  });
  expect(codes(ran), said(ran)).toEqual([0, 0]);
  const text = readFileSync(summary(), "utf8");
  expectReadable(text);
  expect(text).toMatch(/^### .*: what `up` would change\n\nPreviewed without the stack's state and secrets/);
  expect(text).toMatch(/\| \*\*back\*\* \| is built \| `[0-9a-z]{8}…` \| starts \| migrations run \|/);
  expect(text).toContain("+ back-container (docker:Container): create");
  expect(comments).toEqual([]);
  expect(readFileSync(file, "utf8")).toBe(before);
});

it("a pull request of the repo's own gets one comment, which the next push updates", async () => {
  const ran = await runJob("preview.yml", "preview", settings());
  expect(codes(ran), said(ran)).toEqual([0, 0, 0]);
  expect(comments).toHaveLength(1);
  expectReadable(comments[0]?.body ?? "");
  expect(comments[0]?.body).toMatch(/^<!-- agatha: preview of stack .* -->\n### .*: what `up` would change/);

  const jar = join(scratch.folder, "away.jar");
  renameSync(scratch.jar, jar);
  const failed = await runJob("preview.yml", "preview", settings());
  renameSync(jar, scratch.jar);
  expect(codes(failed), said(failed)).toEqual([0, 1, 0]);
  expect(comments).toHaveLength(1);
  expect(comments[0]?.body).toMatch(
    /: the preview failed\n\nNothing was changed.*back\.jar: ".*" does not exist\./s,
  );
  expect(comments[0]?.body).not.toMatch(/\n\s+at |node:internal/);
});

it("a push brings the stack up; the next preview then has nothing to tell", async () => {
  const ran = await runJob("deploy.yml", "staging", { ...settings(), STACK: scratch.stack });
  expect(codes(ran), said(ran)).toEqual([0, 0, 0]);
  expect((await fetch(scratch.frontUrl)).status).toBe(200);
  expect(said(ran)).not.toContain(scratch.password);
  const preview = await runJob("preview.yml", "preview", settings());
  expect(codes(preview), said(preview)).toEqual([0, 0, 0]);
  expect(comments[0]?.body).toMatch(/: nothing would change\n/);
});

it("a push makes no stack where the backend with its state is not named", async () => {
  const { run, env } = commands("deploy.yml", "prod").at(-1) as { run: string; env: Record<string, string> };
  const empty = Object.fromEntries(Object.keys(env).map((name) => [name, ""]));
  const backend = { PULUMI_BACKEND_URL: `file://${scratch.folder}` };
  const ended = await execute("bash", ["-e", "-c", run], { ...clean(), ...empty, ...backend, STACK: "prod" });
  expect(ended.code).toBe(1);
  expect(ended.output).toContain('--stack: "prod" is not in this backend.');
});
