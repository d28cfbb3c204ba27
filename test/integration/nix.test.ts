/** The packages and images with Nix only: no docker, no Pulumi. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { machineSystem } from "../../lib/docker/system.ts";
import { buildEarly } from "../../lib/images/builder.ts";
import { applicationOf, planImages } from "../../lib/images/evaluate.ts";
import { isPinned, pinnedImage } from "../../lib/images/plan.ts";
import { load } from "../support/configuration.ts";
import { putEntry } from "../support/jar.ts";
import { execute, freePort } from "../support/scratch.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-nix-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Builds an attribute of `nix/` with an out-link in the test's folder; returns the link. */
async function build(attribute: string, ...args: string[]): Promise<string> {
  const link = join(folder, attribute);
  const { code, output } = await execute("nix-build", ["nix", "-A", attribute, "--out-link", link, ...args]);
  if (code !== 0) throw new Error(`nix-build -A ${attribute}: ${output}`);
  return link;
}

/** Runs a program until the work with it is done. */
async function whileRunning(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  work: () => Promise<void>,
): Promise<void> {
  const cwd = join(folder, "home");
  mkdirSync(cwd, { recursive: true });
  writeFileSync(join(cwd, "gradle.properties"), "");
  const child: ChildProcess = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  try {
    await work();
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
}

/** Repeats the request until there is any answer. */
const answer = (url: string) => vi.waitFor(() => fetch(url), { timeout: 60_000, interval: 100 });

describe("without docker", () => {
  it("the back runs from its package, on the port of its environment", async () => {
    const back = await build("back");
    const port = await freePort();
    await whileRunning(join(back, "bin/agatha-back"), [], { serverPort: String(port) }, async () => {
      expect((await answer(`http://127.0.0.1:${port}/ping`)).status).toBe(200);
      // No database: alive, but not healthy.
      expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(503);
    });
  });

  it("the front is served from its package, deep links too, and nothing outside it", async () => {
    const front = await build("front");
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    await whileRunning(join(front, "bin/agatha-front"), ["--port", String(port)], {}, async () => {
      const page = await (await answer(url)).text();
      expect(page).toContain('<div id="app">');
      expect(await (await fetch(`${url}/budgets/7`)).text()).toBe(page);
      expect((await fetch(`${url}/assets/missing.js`)).status).toBe(404);
    });
  });

  it("all migrations are in the back's package, with the command that applies them", async () => {
    const back = await build("back");
    expect(readdirSync(join(back, "share/agatha/migrations")).sort()).toEqual(
      readdirSync("sample/migrations").sort(),
    );
    expect(readdirSync(join(back, "bin")).sort()).toEqual(["agatha-back", "agatha-back-migrate"]);
  });
});

describe("an update's images", () => {
  it("are built from their evaluation alone, before any step asks for them", async () => {
    const jar = join(folder, "early.jar");
    cpSync("sample/back/target/agatha-back.jar", jar);
    await putEntry(jar, "release.txt", folder);
    const config = load({ back: { jar, migrations: "sample/migrations" } });
    const { back } = await planImages(config, machineSystem(), true);
    if (isPinned(back)) throw new Error("pinned");
    const { stdout } = await promisify(execFile)("nix-store", ["--query", "--outputs", back.drvPath]);
    const path = stdout.split("\n").find((line) => line.endsWith("-image")) ?? "";
    expect(existsSync(path)).toBe(false);
    buildEarly([back, pinnedImage("front", "a".repeat(32))]);
    await vi.waitFor(() => expect(existsSync(path)).toBe(true), { timeout: 60_000 });
    const application = JSON.stringify(applicationOf(config).back);
    const args = ["--argstr", "packages", config.packages, "--argstr", "application", application];
    expect(realpathSync(await build("back-image", ...args))).toBe(path);
  });
});

describe("an image's tag", () => {
  const jar = join(folder, "some name of its own.jar");

  beforeAll(() => cpSync("sample/back/target/agatha-back.jar", jar));

  it("comes from the jar's content, not from its name or place", async () => {
    expect(await tag({ back: { jar } })).toBe(await tag({}));
  });

  it("changes with the jar's content", async () => {
    await putEntry(jar, "release.txt", "2\n");
    expect(await tag({ back: { jar } })).not.toBe(await tag({}));
  });

  it("of the gateway has nothing of the application in it", async () => {
    const [own, other] = [await meta({}), await meta({ back: { jar, port: 8001 }, front: { port: 5174 } })];
    expect(other.back.tag).not.toBe(own.back.tag);
    expect(other.gateway).toEqual(own.gateway);
    expect(own.gateway.inputs).toMatchObject({ haproxy: expect.stringMatching(/^\d+\.\d+/) });
  });
});

describe("the system", () => {
  /** The value or the error of an evaluation on a machine of that system. */
  const evaluated = async (machine: string, env: NodeJS.ProcessEnv = {}, ...args: string[]) => {
    const asked = ["--eval", "--strict", "--json", "-A", "meta", "nix", ...args];
    return await execute("nix-instantiate", asked, {
      ...process.env,
      NIX_CONFIG: `system = ${machine}`,
      ...env,
    });
  };
  const host = { AGATHA_PACKAGES: "debian" };
  const refusal = (system: string) =>
    `agatha:packages: "debian" is for x86_64-linux only, this is ${system}. Set it to "nixpkgs".`;

  it("is Linux of the machine's architecture: on macOS the same images come out", async () => {
    const [linux, macos] = await Promise.all(
      ["x86_64-linux", "x86_64-darwin"].map((m) => evaluated(m, host)),
    );
    expect(linux).toMatchObject({ code: 0, output: expect.stringContaining('"name":"agatha-back-image"') });
    expect(macos).toEqual(linux);
  });

  it.each([
    ["aarch64-linux", "aarch64-linux"],
    ["aarch64-darwin", "aarch64-linux"],
  ])('is refused by the set "debian" unless it is x86_64 Linux: %s', async (machine, system) => {
    const { code, output } = await evaluated(machine, host);
    expect(code).not.toBe(0);
    expect(output).toContain(refusal(system));
  });

  it("is the one given by argument or environment", async () => {
    const byArgument = await evaluated("x86_64-linux", host, "--argstr", "system", "aarch64-darwin");
    expect(byArgument.output).toContain(refusal("aarch64-darwin"));
    const byEnvironment = await evaluated("x86_64-linux", { ...host, AGATHA_SYSTEM: "aarch64-linux" });
    expect(byEnvironment.output).toContain(refusal("aarch64-linux"));
    const other = await evaluated("aarch64-darwin", { ...host, AGATHA_SYSTEM: "x86_64-linux" });
    expect(other).toEqual(await evaluated("x86_64-linux", host));
  });
});

it("new migrations do not send the jar: its layer lies below theirs, as all that changes less often", async () => {
  const { output } = await execute(await build("back-image"), ["--layers"]);
  const layers = (JSON.parse(output) as { paths: string[] }[]).map(({ paths }) => paths.join().slice(44));
  expect(layers.slice(-3)).toEqual(["agatha-answers", "agatha-back-jar", "agatha-back-migrate"]);
});

/** `back.java` for each JDK of this machine that is new enough for a class data archive. */
const archived = [21, 25].filter((java) =>
  readdirSync("/usr/lib/jvm").some((name) => new RegExp(`\\b${java}\\b`).test(name)),
);

describe.each(archived)("the class data archive of Java %i", (java) => {
  const args = ["--argstr", "application", JSON.stringify({ back: { java } })];
  /** What the JRE prints when it says its version. */
  const said = async (...flags: string[]) =>
    await execute(join(await build("back.jre", ...args), "bin/java"), [...flags, "-version"]);

  it.each([
    [["-XX:+UseG1GC"]],
    [["-XX:+UseSerialGC", "-Dfile.encoding=UTF-8"]],
    [["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m"]],
    [["-XX:+UseParallelGC"]],
  ])("is used with %j", async (flags) => {
    const { code, output } = await said(...flags, "-Xshare:on", "-Xlog:class+load");
    expect(code, output).toBe(0);
    expect(output.match(/shared objects file/g)?.length).toBeGreaterThan(300);
  });

  it.each([["-XX:+UseZGC"], ["-Xmx40g"], ["-XX:-UseCompressedOops"], ["-XX:ObjectAlignmentInBytes=16"]])(
    "is passed over without a word with %s",
    async (flag) => {
      const { code, output } = await said(flag);
      expect(code, output).toBe(0);
      expect(output).not.toMatch(/warning|error|archive/i);
      expect((await said(flag, "-Xshare:on")).code).not.toBe(0);
    },
  );

  it("is the same in every build", async () => {
    await build("back.jre", ...args);
    const again = ["nix", "-A", "back.jre", "--check", "--no-out-link", ...args];
    const { code, output } = await execute("nix-build", again);
    expect(code, output).toBe(0);
    expect(output).toContain("checking outputs of");
  });
});

describe("a build is reproducible, bit for bit:", () => {
  // `conf` is an image without the bytes of its layers, but with their digests.
  it.each([
    ...["back.jre", "back.run", "front", "gateway.haproxy"],
    ...["back-image.conf", "front-image.conf", "db-image.conf", "gateway-image.conf"],
  ])("%s", async (attribute) => {
    await build(attribute);
    const { code, output } = await execute("nix-build", ["nix", "-A", attribute, "--check", "--no-out-link"]);
    expect(code, output).toBe(0);
    expect(output).toContain("checking outputs of");
  });

  it("the database of another major version", async () => {
    const args = ["--argstr", "application", '{"database":{"version":17}}'];
    await build("db-image.conf", ...args);
    const checked = await execute("nix-build", [
      "nix",
      "-A",
      "db-image.conf",
      "--check",
      "--no-out-link",
      ...args,
    ]);
    expect(checked.code, checked.output).toBe(0);
  });

  it("the image that is sent to docker, byte by byte", async () => {
    const image = await build("front-image");
    const hash = () => execute("bash", ["-c", `set -o pipefail; "$0" 2>/dev/null | sha256sum`, image]);
    const first = await hash();
    expect(first.code).toBe(0);
    expect(first.output).not.toMatch(/^e3b0c44298fc1c14/);
    expect(await hash()).toEqual(first);
  });
});

interface Meta {
  back: { tag: string };
  gateway: { tag: string; inputs: object };
}

async function meta(application: object): Promise<Meta> {
  const args = ["--eval", "--strict", "--json", "-A", "meta", "nix"];
  const { code, output } = await execute("nix-instantiate", [
    ...args,
    ...["--argstr", "application", JSON.stringify(application)],
  ]);
  if (code !== 0) throw new Error(`nix-instantiate: ${output}`);
  return JSON.parse(output.slice(output.indexOf('{"')));
}

const tag = async (application: object): Promise<string> => (await meta(application)).back.tag;
