/** The Pulumi engine: CLI, Node language host, docker and command plugins. */

import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { goCommand } from "../lib/goTool.ts";
import { run, tail, which } from "../lib/process.ts";
import { line, type Step } from "../lib/report.ts";
import { UserError } from "../lib/userError.ts";
import { atLeast, versionIn } from "../lib/versions.ts";
import { found, lacking, type Probe } from "./probe.ts";

/** The oldest CLI that this program was tried with. */
const OLDEST = [3, 220, 0];

/** Where the official releases of the CLI are. */
const RELEASES = "https://get.pulumi.com/releases/sdk";

/** Where `offline/engine/build.sh` puts its programs, and its plugins once more. */
const BUILT_PROGRAMS = ["", "-language-nodejs", "-resource-docker", "-resource-command"].map(
  (name) => `.tools/bin/pulumi${name}`,
);
const BUILT_PLUGINS = ".tools/pulumi-home/plugins";

interface Plugin {
  name: string;
  version: string;
}

/** The plugins that the lock file's packages ask for. */
function plugins(): Plugin[] {
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
    packages: Record<string, { version: string }>;
  };
  return ["docker", "command"].map((name) => ({
    name,
    version: lock.packages[`node_modules/@pulumi/${name}`]?.version ?? "",
  }));
}

const pluginsBuilt = (): boolean =>
  plugins().every(({ name, version }) =>
    existsSync(`${BUILT_PLUGINS}/resource-${name}-v${version}/pulumi-resource-${name}`),
  );

/** Whether the whole engine was built into the clone: an official release there has no docker plugin beside its CLI. */
const engineBuilt = (): boolean => BUILT_PROGRAMS.every((path) => existsSync(path)) && pluginsBuilt();

const removeBuilt = (): void => {
  for (const path of BUILT_PROGRAMS) rmSync(path, { force: true });
};

/** The CLI that the machine has, if that is good enough; one that was built into the clone is none. */
async function machinesCli(): Promise<string | undefined> {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const own = folders.filter((folder) => !engineBuilt() || resolve(folder) !== resolve(".tools/bin"));
  const cli = which("pulumi", own.join(delimiter));
  return cli !== undefined && atLeast(versionIn(await cliVersion(cli)), OLDEST) ? cli : undefined;
}

export async function probeEngine(): Promise<Probe> {
  const cli = await machinesCli();
  if (cli !== undefined) {
    const what = `Pulumi ${await cliVersion(cli)} at ${cli}`;
    if (pluginsBuilt()) return found(`${what}, its plugins built from Go modules`);
    const absent = await absentPlugins(cli);
    if (absent.length === 0) return found(what);
    return lacking(`${what} lacks ${absent.map(pluginName).join(" and ")}`, "Run `npm run setup`.");
  }
  if (engineBuilt()) return found(`Pulumi ${await cliVersion(".tools/bin/pulumi")}, built from Go modules`);
  const old = which("pulumi");
  if (old !== undefined)
    return lacking(
      `${old} is ${await cliVersion(old)}, too old`,
      `Install Pulumi ${OLDEST.join(".")} or newer.`,
    );
  return lacking(
    "Pulumi is not installed",
    "Run `npm run setup`, which builds it where it cannot be downloaded.",
  );
}

const cliVersion = async (cli: string): Promise<string> =>
  (await run(cli, ["version"])).output.trim().split("\n").at(-1) ?? "";

const pluginName = ({ name, version }: Plugin): string => `the plugin ${name} ${version}`;

async function absentPlugins(cli: string): Promise<Plugin[]> {
  const { stdout } = await run(cli, ["plugin", "ls", "--json"]);
  const there = new Set<string>();
  try {
    for (const { name, version } of JSON.parse(stdout) as Plugin[]) there.add(`${name} ${version}`);
  } catch {
    // A CLI that cannot list its plugins has none that we may rely on.
  }
  return plugins().filter(({ name, version }) => !there.has(`${name} ${version}`));
}

/**
 * Gets the engine: the machine's CLI, else the official release, each with the plugins it lacks. Where a plugin cannot
 * be downloaded, the plugins are built from Go modules, beside a CLI that is there: else all of it.
 *
 * @throws UserError with the build's last lines.
 */
export async function obtainEngine(step: Step): Promise<string> {
  const cli = (await machinesCli()) ?? (engineBuilt() ? undefined : await downloadCli(step));
  if (cli === undefined) {
    if (engineBuilt()) await rebuild(step, []);
    else await build(step, []);
    return (await probeEngine()).text;
  }
  // Built at a time when the machine had none, it would be found first.
  if (engineBuilt()) removeBuilt();
  // Not where PATH looks: its own CLI and language host are not wanted.
  const aside = ["--out", ".tools/unused"];
  const built = pluginsBuilt();
  const failures = built ? [] : await installPlugins(cli, step);
  const why = failures.join("; ");
  if (failures.length > 0)
    line("pulumi engine", `${cli} stays, and its plugins are built from Go modules, since it lacks ${why}`);
  if (built) await rebuild(step, aside);
  else if (failures.length > 0)
    await build(step, aside).catch((error: Error) => {
      throw new UserError(
        `${error.message}\n${cli} lacks ${why}. Install what it lacks, or let Go build it.`,
      );
    });
  rmSync(".tools/unused", { recursive: true, force: true });
  return (await probeEngine()).text;
}

/**
 * Builds anew what was built before, where its sources changed since: of the same it is found in the cache at once. What
 * was built before still works where that fails, or where there is no Go.
 */
async function rebuild(step: Step, args: string[]): Promise<void> {
  if (goCommand() === undefined) return;
  await build(step, args).catch((error: Error) => {
    line("pulumi engine", `the build of before stays: ${error.message.replace(/^pulumi engine: /, "")}`);
  });
}

/** @returns Which plugins could not be had, each with why. */
async function installPlugins(cli: string, step: Step): Promise<string[]> {
  const failures: string[] = [];
  for (const plugin of await absentPlugins(cli)) {
    step.note(`downloading ${pluginName(plugin)}`);
    const args = ["plugin", "install", "resource", plugin.name, `v${plugin.version}`];
    const { code, output } = await run(cli, args);
    if (code !== 0) failures.push(`${pluginName(plugin)} (${tail(output, 1).replace(/^error: /, "")})`);
  }
  return failures;
}

async function build(step: Step, args: string[]): Promise<void> {
  const onLine = (text: string) => step.note(text.replace(/^toolchain: /, ""));
  const { code, output } = await run("bash", ["offline/engine/build.sh", ...args], { onLine });
  if (code === 0) return;
  const said = tail(output.replace(/^toolchain: /gm, ""), 20);
  throw new UserError(
    `pulumi engine: ${said.includes("\n") ? `its build ended with ${code}:\n` : ""}${said}`,
  );
}

/** Takes the release of the version that the toolchain pins into the clone; undefined where it cannot be had. */
async function downloadCli(step: Step): Promise<string | undefined> {
  const version = /pulumi\/pkg\/v3 v([\d.]+)/.exec(
    readFileSync("offline/engine/plugins/go.mod", "utf8"),
  )?.[1];
  const machine = `${process.platform}-${process.arch}`;
  const archive = ".tools/pulumi-release.tar.gz";
  try {
    const url = `${RELEASES}/pulumi-v${version}-${machine}.tar.gz`;
    // Three seconds to answer at all; the download itself may take its time.
    const head = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(3000) });
    if (!head.ok) return undefined;
    step.note("downloading the official release");
    const { body } = await fetch(url);
    if (body === null) return undefined;
    mkdirSync(".tools/bin", { recursive: true });
    await pipeline(
      Readable.fromWeb(body as import("node:stream/web").ReadableStream),
      createWriteStream(archive),
    );
    removeBuilt();
    const { code } = await run("tar", ["-xzf", archive, "-C", ".tools/bin", "--strip-components=1"]);
    return code === 0 ? await machinesCli() : undefined;
  } catch {
    return undefined;
  } finally {
    rmSync(archive, { force: true });
  }
}
