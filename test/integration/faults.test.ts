/** Errors are user-facing, break nothing that runs, and go away once the cause is fixed. */
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { which } from "../../lib/process.ts";
import { putEntry, setClassRelease } from "../support/jar.ts";
import { changes, type Ended, execute, freePort, type Operations, Scratch } from "../support/scratch.ts";
import { expectSentences } from "../support/words.ts";

let scratch: Scratch;
/** The config that works. */
let working: Record<string, unknown>;

beforeAll(async () => {
  scratch = await Scratch.make();
  await scratch.upWell();
  working = structuredClone(scratch.config);
});
afterAll(async () => {
  if (working !== undefined) Object.assign(scratch.config, working);
  await scratch?.remove();
});

const workingPort = () => (working["back"] as { publish: { port: number } }).publish.port;

/** Fixes whatever the test broke: the config, the jar, the migrations. */
async function fix(): Promise<void> {
  for (const key of Object.keys(scratch.config)) delete scratch.config[key];
  Object.assign(scratch.config, structuredClone(working));
  cpSync("sample/back/target/agatha-back.jar", scratch.jar);
  rmSync(scratch.migrations, { recursive: true });
  cpSync("sample/migrations", scratch.migrations, { recursive: true });
}

/** An `up` that has to fail with a user-facing message. */
async function fail(env: NodeJS.ProcessEnv = {}): Promise<Ended & { operations: Operations }> {
  const ended = await scratch.up(env);
  expect(ended.code, ended.output).not.toBe(0);
  expectSentences(scratch, ended.output);
  return ended;
}

const health = async () => (await fetch(`${scratch.backUrl}/health`)).status;

describe("refuses before anything is deployed:", () => {
  let before: Record<string, string>;

  beforeAll(async () => {
    before = await scratch.running();
  });
  afterEach(async () => {
    expect(await scratch.running()).toEqual(before);
    await fix();
  });

  it("a wrong config, with all its errors at once", async () => {
    scratch.back({ port: "eighty", memory: 1, jr: "x" });
    scratch.config["databse"] = {};
    const { output } = await fail();
    expect(output).toContain('agatha:back.port: "eighty" is not a port. Use a whole number from 1 to 65535.');
    expect(output).toContain("agatha:back.memory: 1 is too small. Give at least 16.");
    expect(output).toContain("agatha:back.jr: is not a key that is known. Did you mean back.jar?");
    expect(output).toContain("agatha:databse: is not a key that is known. Did you mean database?");
  });

  it("a jar, a dist and migrations that do not exist", async () => {
    scratch.back({ jar: "/nowhere/app.jar", migrations: "/nowhere/sql" });
    scratch.config["front"] = { ...(scratch.config["front"] as object), dist: "/nowhere/dist" };
    const { output } = await fail();
    for (const said of [
      'back.jar: "/nowhere/app.jar"',
      'back.migrations: "/nowhere/sql"',
      'front.dist: "/nowhere/dist"',
    ])
      expect(output).toContain(`agatha:${said} does not exist.`);
  });

  it("a jar for a newer Java than the JRE, naming both", async () => {
    await setClassRelease(scratch.jar, "agatha/sample/Main.class", 21);
    const { output } = await fail();
    expect(output).toMatch(/agatha:back\.jar: the jar is compiled for Java 21 \(agatha\/sample\/Main\)/);
    expect(output).toContain("which Java 17 cannot run. Set back.java to 21");
    const preview = await scratch.preview();
    expect(preview.output).toContain("which Java 17 cannot run. Set back.java to 21");
  });

  it("a value that Pulumi keeps as a secret, without repeating it", async () => {
    const value = "s3cr3t-value";
    const where = ["--stack", scratch.stack, "--config-file", scratch.configFile];
    const preview = scratch.upArguments().filter((arg) => arg !== "--yes" && arg !== "--skip-preview");
    const set = ["config", "set", "--secret", "--path", "agatha:back.stopSignal", value, ...where];
    expect(await execute("pulumi", set, scratch.env)).toMatchObject({ code: 0 });
    const { output } = await execute("pulumi", ["preview", ...preview.slice(1)], scratch.env);
    expect(output).toContain(
      "agatha:back.stopSignal: the value (not shown) is not a signal. Write it like SIGTERM.",
    );
    expect(output).not.toContain(value);
  });

  it("an image whose build fails, with its last lines", async () => {
    await putEntry(scratch.jar, "release.txt", "no build\n");
    const folder = join(scratch.folder, "failing");
    mkdirSync(folder);
    const script = "#!/bin/sh\nseq 1 100 >&2; echo 'error: no space left on device' >&2; exit 1\n";
    writeFileSync(join(folder, "nix-build"), script, { mode: 0o755 });
    const { output } = await fail({ PATH: `${folder}:${process.env["PATH"]}` });
    expect(output).toContain("nix-build of back-image ended with 1:");
    expect(output).toContain("error: no space left on device");
    expect(output).not.toMatch(/^\s*50$/m);
  });

  it("anything while Nix is not there", async () => {
    const { output } = await fail({ PATH: pathWithoutNix() });
    expect(output).toContain("nix-instantiate: is not on PATH. Run `npm run doctor`");
  });

  it("a new image while docker does not answer", async () => {
    await putEntry(scratch.jar, "release.txt", "no docker\n");
    const { output } = await fail({ DOCKER_HOST: "unix:///nonexistent.sock" });
    expect(output).toMatch(/docker: Cannot connect to the Docker daemon at unix:\/\/\/nonexistent\.sock/);
    expect(output).toMatch(/Start the daemon \(`npm run doctor` says how\), or set agatha:dockerHost/);
  });
});

describe("fails, and passes once it is fixed:", () => {
  afterEach(async () => {
    await fix();
    await scratch.upWell();
    expect(await health()).toBe(200);
  });

  it("a migration, with Flyway's message; the old back keeps serving and the schema is unchanged", async () => {
    const before = await scratch.running();
    const history = await scratch.sql("select version, success from flyway_schema_history order by 1");
    writeFileSync(
      join(scratch.migrations, "V99__broken.sql"),
      "CREATE TABLE half (id int); SELECT * FROM nowhere;",
    );
    const { output } = await fail();
    expect(output).toContain(
      "migrations: V99__broken.sql failed. No migration was applied; the back that runs stays as it is.",
    );
    expect(output).toContain('relation "nowhere" does not exist');
    expect(output).toContain("V99__broken.sql");
    expect(await scratch.running()).toEqual(before);
    expect(await health()).toBe(200);
    expect(await scratch.sql("select version, success from flyway_schema_history order by 1")).toEqual(
      history,
    );
    expect(await scratch.sql("select to_regclass('half')")).toEqual([]);
  });

  it("a port that is taken on the host, before anything is touched", async () => {
    const port = await freePort();
    const server = createServer().listen(port, "127.0.0.1");
    try {
      scratch.back({ publish: { port } });
      const { output, operations } = await fail();
      expect(output).toContain(
        `agatha:back.publish.port: ${port} is taken on this host. Choose another port`,
      );
      expect(changes(operations)).toEqual({});
      expect((await fetch(`http://127.0.0.1:${workingPort()}/health`)).status).toBe(200);
    } finally {
      server.close();
    }
    await scratch.upWell();
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
  });
});

/** A PATH with what pulumi and the steps need, and no Nix. */
function pathWithoutNix(): string {
  const folder = join(scratch.folder, "bin");
  mkdirSync(folder);
  const programs = ["bash", "docker", "env", "node", "npm", "sh", "pulumi", "pulumi-language-nodejs"];
  for (const program of [...programs, "pulumi-resource-docker", "pulumi-resource-command"]) {
    const path = which(program);
    if (path !== undefined) symlinkSync(path, join(folder, program));
  }
  return folder;
}

it("no process of a preview stays behind when its reader ends", async () => {
  const preview = `pulumi preview --diff --stack ${scratch.stack} --config-file ${scratch.configFile} --non-interactive`;
  // It needs output, so that writing it fails.
  await putEntry(scratch.jar, "release.txt", "1\n");
  const { output } = await execute("bash", ["-c", `${preview} | head -n 2`], scratch.env);
  expect(output).toMatch(/^Previewing update/);
  const program = () => execute("pgrep", ["-f", `cmd/run.* --stack ${scratch.stack} `]);
  await vi.waitFor(async () => expect(await program()).toMatchObject({ code: 1 }), {
    timeout: 20_000,
    interval: 500,
  });
});
