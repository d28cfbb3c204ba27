/** Stacks side by side on one docker host: created by `npm run stack`, up at the same time, removed without leftovers. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { publishedOf, readStackFile } from "../../lib/stacks/file.ts";
import { execute } from "../support/host.ts";
import { startLoad } from "../support/load.ts";
import { ourImages, restoreImages } from "../support/ourImages.ts";
import { Page } from "../support/page.ts";
import { allParts, partsOf } from "../support/parts.ts";
import { expectUnnoticed } from "../support/unnoticed.ts";

/** The test run's id is in the names, so that `npm test` finds what a killed test left behind. */
const run = process.env["AGATHA_TEST_RUN"] ?? "hand";
const stacks = [`test-${run}-one`, `test-${run}-two`];
const folder = mkdtempSync(join(tmpdir(), "agatha-environments-"));
const env: NodeJS.ProcessEnv = {
  ...process.env,
  PULUMI_HOME: join(folder, "home"),
  PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
  PULUMI_CONFIG_PASSPHRASE: "scratch",
};
delete env["PULUMI_CONFIG_PASSPHRASE_FILE"];

let images: Map<string, string>;

beforeAll(async () => {
  images = await ourImages(docker);
  for (const name of ["home", "state"]) mkdirSync(join(folder, name));
  const plugins = join(process.env["PULUMI_HOME"] ?? join(homedir(), ".pulumi"), "plugins");
  if (existsSync(plugins)) symlinkSync(plugins, join(folder, "home", "plugins"));
});
afterAll(async () => {
  for (const shell of [review, staging]) await shell.end();
  for (const stack of stacks) {
    await stackCommand("rm", stack, "--yes");
    rmSync(`Pulumi.${stack}.yaml`, { force: true });
    // Backups outlive their stack.
    rmSync(join(".state/backups", stack), { recursive: true, force: true });
  }
  rmSync(folder, { recursive: true, force: true });
  await restoreImages(docker, images, stacks);
});

/** docs/environments.md, for a lasting stack and for a review stack. */
const page = () =>
  new Page("docs/environments.md", "integration/environments.test.ts", {
    stacks: { "try-12": stacks[0] as string, staging: stacks[1] as string },
    env: { ...env, NO_COLOR: "1" },
  });
const [staging, review] = [page(), page()];

const stackCommand = (...args: string[]) => execute(process.execPath, ["scripts/stack.ts", ...args], env);

const fileOf = (stack: string) => `Pulumi.${stack}.yaml`;

async function docker(...args: string[]): Promise<string[]> {
  const { code, output } = await execute("docker", args);
  if (code !== 0) throw new Error(`docker ${args.join(" ")}: ${output}`);
  return output.split("\n").filter(Boolean);
}

/** What the docker host has of a stack. */
const own = (stack: string) => partsOf(stack, (...args) => execute("docker", args));

it("new creates stacks with their own ports and secrets", async () => {
  const printed = (await staging.run("new")) + (await review.run("new for review"));
  for (const stack of stacks)
    expect(printed).toContain(`Stack ${stack} is made; its file is ${fileOf(stack)}.`);
  const [one, two] = stacks.map((stack) => readStackFile(fileOf(stack))) as [object, object];
  expect(new Set([...publishedOf({ ...one }), ...publishedOf({ ...two })]).size).toBe(4);
  const secrets = stacks.map((stack) => {
    const { config } = parse(readFileSync(fileOf(stack), "utf8")) as {
      config: { "agatha:databasePassword": { secure: string } };
    };
    return config["agatha:databasePassword"].secure;
  });
  expect(secrets[0]).toMatch(/^v1:/);
  const plain = [];
  for (const stack of stacks)
    plain.push(
      (
        await execute("pulumi", ["config", "get", "agatha:databasePassword", "--stack", stack], env)
      ).output.trim(),
    );
  expect(plain[0]).toMatch(/^[\w-]{32}$/);
  expect(plain[0]).not.toBe(plain[1]);
});

it("new refuses an existing stack, and leaves it alone", async () => {
  const [one = ""] = stacks;
  const before = readFileSync(fileOf(one), "utf8");
  const { code, output } = await stackCommand("new", one);
  expect(code).toBe(1);
  expect(output).toContain(`stack: ${one} is there already.`);
  expect(readFileSync(fileOf(one), "utf8")).toBe(before);
});

it("new --like refuses a stack that has no file here", async () => {
  const { code, output } = await stackCommand("new", `${stacks[0]}-x`, "--like", "nowhere");
  expect(code).toBe(1);
  expect(output).toContain("--like: there is no Pulumi.nowhere.yaml. Name a stack that has a file here.");
  expect(existsSync(fileOf(`${stacks[0]}-x`))).toBe(false);
});

it("new --if-not-exists gives an existing stack without an update a file and a password", async () => {
  const [one = ""] = stacks;
  const before = publishedOf(readStackFile(fileOf(one)));
  rmSync(fileOf(one));
  const { code, output } = await stackCommand("new", one, "--if-not-exists");
  expect(code, output).toBe(0);
  expect(output).toContain(`Stack ${one} is there; ${fileOf(one)} is made anew.`);
  expect(publishedOf(readStackFile(fileOf(one)))).toEqual(before);
  const get = ["config", "get", "agatha:databasePassword", "--stack", one];
  expect((await execute("pulumi", get, env)).output.trim()).toMatch(/^[\w-]{32}$/);
});

it("two start at the same time, and each answers on its own ports", async () => {
  await Promise.all([review.run("up for review"), staging.run("up")]);
  for (const stack of stacks) {
    const [back = 0, front = 0] = publishedOf(readStackFile(fileOf(stack)));
    expect((await fetch(`http://127.0.0.1:${back}/health`)).status).toBe(200);
    // Its front calls its own back.
    expect(await (await fetch(`http://127.0.0.1:${front}/properties.js`)).text()).toContain(`:${back}`);
    const insert = `insert into budget (name, amount_cents) values ('${stack}', 1)`;
    const psql = ["psql", "-U", "postgres", "-d", "docker_agatha_db", "-c", insert];
    await docker("exec", `agatha-${stack}-db`, ...psql);
    const budgets = (await (await fetch(`http://127.0.0.1:${back}/api/budgets`)).json()) as object[];
    expect(budgets).toMatchObject([{ name: stack }]);
    expect(await own(stack)).toEqual(allParts(stack));
  }
});

it("both are updated at the same time, and nobody notices", async () => {
  const update = async (stack: string) => {
    const [back = 0, front = 0] = publishedOf(readStackFile(fileOf(stack)));
    const budgets = `http://127.0.0.1:${back}/api/budgets`;
    const load = await startLoad({
      reads: [budgets, `http://127.0.0.1:${front}/`],
      writes: budgets,
      perSecond: 50,
    });
    const set = ["config", "set", "--path", "agatha:back.env.VERSION", "2", "--stack", stack];
    const done = [await execute("pulumi", set, env)];
    const up = ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", stack];
    done.push(await execute("pulumi", up, env));
    const result = await load.stop();
    for (const { code, output } of done) expect(code, output).toBe(0);
    return result;
  };
  for (const result of await Promise.all(stacks.map(update))) expectUnnoticed(result);
});

it("list shows them", async () => {
  const { code, output } = await stackCommand("list");
  expect(code, output).toBe(0);
  for (const stack of stacks) expect(output).toMatch(new RegExp(`^${stack} +\\d+ resources`, "m"));
  expect(output).toMatch(/^staging +not made/m);
});

it("new --if-not-exists gives an existing stack the file of its last update", async () => {
  const [one = ""] = stacks;
  const config = () => parse(readFileSync(fileOf(one), "utf8")) as { config: object };
  const before = config();
  rmSync(fileOf(one));
  const { code, output } = await stackCommand("new", one, "--if-not-exists");
  expect(code, output).toBe(0);
  expect(config()).toEqual(before);
  rmSync(fileOf(one));
  const host = await stackCommand("new", one, "ssh://user@host", "--if-not-exists");
  expect(host.code, host.output).toBe(0);
  expect(config().config).toEqual({ ...before.config, "agatha:dockerHost": "ssh://user@host" });
  rmSync(fileOf(one));
  expect((await stackCommand("new", one, "--if-not-exists")).code).toBe(0);
});

it("new --like looks for leftovers on the docker host of the copied stack", async () => {
  const [one = ""] = stacks;
  const [away, model] = [join(folder, "away.yaml"), `test-${run}-model`];
  const dockerHost = process.env["DOCKER_HOST"] || "unix:///var/run/docker.sock";
  mkdirSync(join(folder, "other"));
  copyFileSync(fileOf(one), away);
  rmSync(fileOf(one));
  writeFileSync(fileOf(model), `config:\n  agatha:dockerHost: ${dockerHost}\n`);
  const { code, output } = await execute(
    process.execPath,
    ["scripts/stack.ts", "new", one, "--like", model],
    {
      ...env,
      PULUMI_BACKEND_URL: `file://${join(folder, "other")}`,
      DOCKER_HOST: `unix://${join(folder, "nobody.sock")}`,
    },
  );
  copyFileSync(away, fileOf(one));
  rmSync(fileOf(model));
  expect(code, output).toBe(1);
  expect(output).toContain(`stack ${one}: is not in this Pulumi backend, but agatha-${one}-`);
});

// Regression: its containers and volume keep the old name, and it came up beside them with an empty database.
it("a stack that pulumi renamed is refused, and goes on once it is renamed back", async () => {
  const [one = ""] = stacks;
  const other = `${one}-n`;
  const rename = (from: string, to: string) =>
    execute("pulumi", ["stack", "rename", to, "--stack", from, "--non-interactive"], env);
  const script = (name: string, ...args: string[]) =>
    execute(process.execPath, [`scripts/${name}.ts`, ...args], env);
  expect(await rename(one, other)).toMatchObject({ code: 0 });
  try {
    for (const { code, output } of [
      await execute("pulumi", ["preview", "--stack", other, "--non-interactive"], env),
      await script("down", "--volumes", "--yes", "--stack", other),
      await script("stack", "rm", other, "--yes"),
    ]) {
      expect(code, output).not.toBe(0);
      expect(output.replaceAll(/\s+/g, " ")).toContain(
        `stack ${other}: was renamed from ${one}, and its containers and its data, in volume agatha-${one}-db-data, are still`,
      );
    }
  } finally {
    expect(await rename(other, one)).toMatchObject({ code: 0 });
  }
  expect(await own(one)).toHaveLength(10);
  const { code, output } = await execute("pulumi", ["preview", "--stack", one, "--non-interactive"], env);
  expect(code, output).toBe(0);
});

it("up and preview refuse a mistyped stack, and make none", async () => {
  const [one = ""] = stacks;
  const typo = `${one}x`;
  for (const name of ["up", "preview"]) {
    const { code, output } = await execute(process.execPath, [`scripts/${name}.ts`, "--stack", typo], env);
    expect(code, output).toBe(1);
    expect(output).toContain(
      `stack ${typo}: has neither a file, ${fileOf(typo)}, nor a state in this Pulumi backend. Did you mean ${one}?`,
    );
  }
  expect((await stackCommand("list")).output).not.toContain(typo);
});

it("rm asks before it removes anything", async () => {
  const [one = ""] = stacks;
  const { code, output } = await stackCommand("rm", one);
  expect(code).toBe(1);
  expect(output).toContain(`Stack ${one} goes, with the data in volume agatha-${one}-db-data.`);
  expect(output).toContain("Nothing was changed. Add --yes.");
  expect(await own(one)).toHaveLength(10);
});

it("rm removes all of a stack, and nothing of the other", async () => {
  const [one = "", two = ""] = stacks;
  const output = await review.run("remove");
  expect(output).toContain(`Volume agatha-${one}-db-data and the data in it are gone.`);
  expect(await own(one)).toEqual([]);
  const names = await docker("image", "ls", "--filter", "reference=agatha-*", "--format", "{{.Tag}}");
  expect(names.filter((name) => name.includes(`-${one}-`))).toEqual([]);
  expect(names.filter((name) => name.includes(`-${two}-`))).not.toEqual([]);
  expect(existsSync(fileOf(one))).toBe(false);
  expect(existsSync(`.state/gcroots/${one}`)).toBe(false);
  expect((await stackCommand("list")).output).not.toContain(one);
  expect(await own(two)).toHaveLength(10);
  const [back = 0] = publishedOf(readStackFile(fileOf(two)));
  expect((await fetch(`http://127.0.0.1:${back}/health`)).status).toBe(200);
});

it("data moves to a stack of another name as the page says", async () => {
  const [one = "", two = ""] = stacks;
  const named = { staging: two, demo: one };
  const opened = (words = {}) =>
    new Page("docs/environments.md", "integration/environments.test.ts", {
      ...{ stacks: named, words, env: { ...env, NO_COLOR: "1" } },
    });
  const budgets = async (stack: string) => {
    const [back] = publishedOf(readStackFile(fileOf(stack)));
    return fetch(`http://127.0.0.1:${back}/api/budgets`);
  };
  const psql = ["psql", "-U", "postgres", "-d", "docker_agatha_db", "-qtAc"];
  const insert = "insert into budget (name, amount_cents) values ('along', 1)";
  await docker("exec", `agatha-${two}-db`, ...psql, insert);
  const first = opened();
  const printed = await first.run("another name");
  await first.end();
  const file = /^\S+\.dump$/m.exec(printed)?.[0] ?? "none";
  // There is no terminal to ask at.
  const second = opened({ "restore -- FILE": `restore -- ${file} --yes`, "rm staging": "rm staging --yes" });
  await second.run("its data");
  await second.end();
  expect(await own(two)).toEqual([]);
  expect(((await (await budgets(one)).json()) as { name: string }[]).map(({ name }) => name)).toContain(
    "along",
  );
});
