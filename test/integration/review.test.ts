/** A review stack from a pull request's first push to its close, by the workflow's own commands, each job in a fresh clone. */
import { existsSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ofStack } from "../../lib/docker/arguments.ts";
import { publishedOf, readStackFile } from "../../lib/stacks/file.ts";
import { codes, GithubRunner, said } from "../support/githubRunner.ts";
import { putEntry } from "../support/jar.ts";
import { execute, Scratch } from "../support/scratch.ts";
import { writeStackFile } from "../support/scratchPage.ts";

/** The stack that review stacks copy; it is never deployed. */
let model: Scratch;
let runner: GithubRunner;
let stack: string;
/** Everything that jobs create. */
const made: string[] = [];
const TOKEN = "t0p-s3cret";

/** The docker host's socket, named only by the configuration, not by the environment. */
const socket = () => join(model.folder, "review.sock");
const reach = () =>
  symlinkSync(
    (process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock").slice("unix://".length),
    socket(),
  );

const fileOf = (name: string) => `Pulumi.${name}.yaml`;

beforeAll(async () => {
  model = await Scratch.make();
  stack = `${model.stack}-pr-7`;
  made.push(stack);
  runner = new GithubRunner(model.folder);
  reach();
  writeStackFile(model);
  for (const key of ["agatha:back.properties.token", 'agatha:back.properties["the.other"]']) {
    const set = ["config", "set", "--secret", "--path", key, TOKEN, "--stack", model.stack];
    const { code, output } = await execute("pulumi", set, model.env);
    expect(code, output).toBe(0);
  }
});
afterAll(async () => {
  const ended = [];
  for (const name of made)
    ended.push(
      await execute(process.execPath, ["scripts/stack.ts", "rm", name, "--yes", "--if-exists"], model.env),
    );
  for (const name of [...made, model?.stack]) rmSync(fileOf(name), { force: true });
  await model?.remove();
  expect(codes(ended), said(ended)).toEqual(ended.map(() => 0));
});

/** The repository's variables and secrets. */
const settings = (): Record<string, string> => ({
  "vars.REVIEW_DOCKER_HOST": `unix://${socket()}`,
  "vars.REVIEW_LIKE": model.stack,
  "vars.PULUMI_BACKEND_URL": model.env["PULUMI_BACKEND_URL"] ?? "",
  "secrets.PULUMI_CONFIG_PASSPHRASE": model.env["PULUMI_CONFIG_PASSPHRASE"] ?? "",
  "github.token": "t0ken",
  STACK: stack,
});

/** A job of the workflow, in a fresh clone. */
async function job(id: "up" | "down", action: "opened" | "synchronize" | "closed") {
  rmSync(fileOf(stack), { force: true });
  runner.happens(action);
  const ran = await runner.run("review.yml", id, settings(), { DOCKER_HOST: undefined });
  expect(said(ran)).not.toContain(TOKEN);
  return ran;
}

const UP = [0, 0, 0, 0, 0, 0];

const own = async (kind: "container" | "network" | "volume") => {
  const all = kind === "container" ? ["--all"] : [];
  return model.docker(kind, "ls", ...all, "--quiet", "--filter", `label=agatha.stack=${stack}`);
};

const inspected = async (service: string, format: string) =>
  model.docker(
    "inspect",
    "--format",
    format,
    ...(await model.docker("ps", "--quiet", ...ofStack(stack, service))),
  );

const psql = (statement: string) =>
  model.docker(
    ...["exec", `agatha-${stack}-db`, "psql", "-U", "postgres", "-d", "docker_agatha_db"],
    ...["-qtAXc", statement],
  );

const ports = () => publishedOf(readStackFile(fileOf(stack)));

it("a first push whose stack does not start is reported in a comment", async () => {
  const away = join(model.folder, "away.jar");
  renameSync(model.jar, away);
  const ran = await job("up", "opened");
  renameSync(away, model.jar);
  expect(codes(ran), said(ran)).toEqual([0, 0, 0, 0, 1, 0]);
  expect(runner.comments()).toHaveLength(1);
  expect(runner.comments()[0]).toMatch(
    /^<!-- agatha: review of stack .* -->\n### Review stack .* did not come up\n/,
  );
  expect(runner.comments()[0]).toContain("https://github.example/team/app/actions/runs/1");
});

let first: number[];

it("the next push starts it, with the copied configuration and secrets, and comments its address", async () => {
  const ran = await job("up", "synchronize");
  expect(codes(ran), said(ran)).toEqual(UP);
  first = ports();
  const [back = 0, front = 0] = first;
  expect([back, front]).not.toContain(model.backPort);
  expect((await fetch(`http://127.0.0.1:${back}/health`)).status).toBe(200);
  expect(await (await fetch(`http://127.0.0.1:${front}/properties.js`)).text()).toContain(`:${back}"`);
  const [id] = await inspected("back", "{{.Id}}");
  const properties = await model.docker("cp", `${id}:/home/gradle.properties`, "-");
  expect(properties.join("\n")).toContain(`token=${TOKEN}`);
  expect(runner.comments()).toHaveLength(1);
  expect(runner.comments()[0]).toContain(`| **front** | <http://127.0.0.1:${front}> |`);
  expect(runner.comments()[0]).toContain(`| **back** | <http://127.0.0.1:${back}> |`);
  await psql("insert into budget (name, amount_cents) values ('kept', 1)");
});

it("a further push changes only what it must, and keeps data, password and ports", async () => {
  const db = await inspected("db", "{{.Id}} {{.State.StartedAt}}");
  const front = await inspected("front", "{{.Id}} {{.State.StartedAt}}");
  const back = await inspected("back", "{{.Config.Image}}");
  await putEntry(model.jar, "release.txt", "2\n");
  const ran = await job("up", "synchronize");
  expect(codes(ran), said(ran)).toEqual(UP);
  expect(said(ran)).not.toContain("db-schema-password");
  expect(ports()).toEqual(first);
  expect(await inspected("db", "{{.Id}} {{.State.StartedAt}}")).toEqual(db);
  expect(await inspected("front", "{{.Id}} {{.State.StartedAt}}")).toEqual(front);
  expect(await inspected("back", "{{.Config.Image}}")).not.toEqual(back);
  expect(await psql("select name from budget")).toEqual(["kept"]);
  expect(runner.comments()).toHaveLength(1);
});

it("a close while the docker host is unreachable removes nothing, and says so", async () => {
  rmSync(socket());
  const ran = await job("down", "closed");
  reach();
  expect(codes(ran), said(ran)).toEqual([0, 0, 1, 0]);
  expect(said(ran)).toContain(`docker: Cannot connect to the Docker daemon at unix://${socket()}.`);
  expect(runner.comments()[0]).toMatch(/### Review stack .* could not be removed\n/);
  expect(await own("container")).toHaveLength(4);
  expect(await psql("select name from budget")).toEqual(["kept"]);
});

it("a close removes everything, and updates the comment", async () => {
  const ran = await job("down", "closed");
  expect(codes(ran), said(ran)).toEqual([0, 0, 0, 0]);
  for (const kind of ["container", "network", "volume"] as const) expect(await own(kind)).toEqual([]);
  expect(existsSync(fileOf(stack))).toBe(false);
  const { output } = await execute("pulumi", ["stack", "ls", "--json"], model.env);
  expect(output).toContain(model.stack);
  expect(output).not.toContain(stack);
  expect(runner.comments()).toHaveLength(1);
  expect(runner.comments()[0]).toMatch(/### Review stack .* is gone\n/);
});

it("a close without a stack does nothing, and says only that", async () => {
  const ran = await job("down", "closed");
  expect(codes(ran), said(ran)).toEqual([0, 0, 0, 0]);
  expect(said(ran)).toContain(`There is no stack ${stack}.`);
  expect(runner.comments()).toHaveLength(1);
  expect(runner.comments()[0]).toMatch(/### There is no review stack .*\n\n.* so nothing was done\.\n/);
});

/** A stack whose state has only its docker host. */
async function stackOn(name: string, host: string) {
  const init = ["stack", "init", name, "--no-select", "--non-interactive"];
  expect((await execute("pulumi", init, model.env)).code).toBe(0);
  rmSync(fileOf(name));
  const type = "pulumi:providers:docker";
  const urn = `urn:pulumi:${name}::agatha::${type}::docker`;
  const resources = [{ urn, custom: true, id: "provider", type, inputs: { host } }];
  const manifest = { time: "2026-01-01T00:00:00Z", magic: "", version: "" };
  const file = join(model.folder, `${name}.json`);
  writeFileSync(file, JSON.stringify({ version: 3, deployment: { manifest, resources } }));
  const taken = await execute("pulumi", ["stack", "import", "--stack", name, "--file", file], model.env);
  expect(taken.code, taken.output).toBe(0);
}

it("the sweep removes only stacks of closed pull requests", async () => {
  const number = 900_000 + Math.floor(Math.random() * 90_000);
  const [open, unknown, elsewhere] = [number + 1, number + 2, number + 3];
  stack = `pr-${number}`;
  made.push(stack);
  const up = await job("up", "opened");
  expect(codes(up), said(up)).toEqual(UP);
  rmSync(fileOf(stack));
  for (const other of [open, unknown]) await stackOn(`pr-${other}`, `unix://${socket()}`);
  await stackOn(`pr-${elsewhere}`, "ssh://deploy@elsewhere.example");
  // The job above posted it on the runner's one pull request.
  runner.pullRequest(number, "CLOSED", runner.comments().slice(-1));
  runner.pullRequest(open, "OPEN");
  runner.pullRequest(elsewhere, "MERGED");
  expect(await own("container")).toHaveLength(4);
  const ran = await runner.run("review.yml", "sweep", settings(), { DOCKER_HOST: undefined });
  expect(codes(ran), said(ran)).toEqual([0, 0, 0]);
  expect(said(ran)).toContain(`Stack ${stack} is gone.`);
  expect(said(ran)).toContain(`Stack pr-${unknown} is left alone: GitHub has no pull request ${unknown}.`);
  expect(said(ran)).toContain(
    `Stack pr-${elsewhere} is left alone: it is on "ssh://deploy@elsewhere.example"`,
  );
  for (const kind of ["container", "network", "volume"] as const) expect(await own(kind)).toEqual([]);
  const { output } = await execute("pulumi", ["stack", "ls", "--json"], model.env);
  expect(output).not.toContain(stack);
  for (const other of [open, unknown, elsewhere]) expect(output).toContain(`pr-${other}`);
  expect(output).toContain(model.stack);
  expect(runner.comments(number)).toEqual([expect.stringMatching(/### Review stack .* is gone\n/)]);
});
