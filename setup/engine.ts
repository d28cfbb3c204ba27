/** The Pulumi engine: CLI, Node language host, docker and command plugins. */
import { mkdirSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { delimiter, resolve } from "node:path";
import command from "@pulumi/command/package.json" with { type: "json" };
import docker from "@pulumi/docker/package.json" with { type: "json" };
import { run, tail, which } from "../lib/process.ts";
import { line, type Step } from "../lib/progress.ts";
import { UserError } from "../lib/userError.ts";
import {
  buildEngine,
  builtVersion,
  engineBuilt,
  type Parts,
  type Plugin,
  pluginsBuilt,
  rebuildEngine,
  removeBuilt,
} from "../offline/engine.ts";
import { atLeast, found, lacking, type Probe } from "./probe.ts";

/** The oldest CLI that this program was tried with. */
const OLDEST = "3.220.0";

/** Where the official releases of the CLI are. */
const RELEASES = "https://get.pulumi.com/releases/sdk";

/** The plugins that the npm packages ask for. */
const PLUGINS: Plugin[] = [
  { name: "docker", version: docker.version },
  { name: "command", version: command.version },
];

/** The machine's CLI, if it is new enough; the one that was built offline does not count. */
async function machinesCli(): Promise<string | undefined> {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const own = folders.filter((folder) => !engineBuilt(PLUGINS) || resolve(folder) !== resolve(".tools/bin"));
  const cli = which("pulumi", own.join(delimiter));
  return cli !== undefined && atLeast(await cliVersion(cli), OLDEST) ? cli : undefined;
}

export async function probeEngine(): Promise<Probe> {
  const cli = await machinesCli();
  if (cli === undefined)
    return engineBuilt(PLUGINS)
      ? found(`Pulumi ${await cliVersion(".tools/bin/pulumi")}, built from Go modules`)
      : lacking(
          `there is no Pulumi ${OLDEST} or newer`,
          "Run `npm run setup`, which builds it if it cannot be downloaded.",
        );
  const what = `Pulumi ${await cliVersion(cli)} at ${cli}`;
  if (pluginsBuilt(PLUGINS)) return found(`${what}, its plugins built from Go modules`);
  const absent = await absentPlugins(cli);
  if (absent.length === 0) return found(what);
  return lacking(`${what} lacks ${absent.map(pluginName).join(" and ")}`, "Run `npm run setup`.");
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
  return PLUGINS.filter(({ name, version }) => !there.has(`${name} ${version}`));
}

/**
 * Gets the engine: the machine's CLI, else the official release, each with the plugins it lacks. What cannot be
 * downloaded is built offline: the plugins beside a CLI that is there, else the whole engine.
 *
 * @returns What was found or done.
 * @throws UserError with the build's last lines.
 */
export async function obtainEngine(step: Step): Promise<string> {
  const built = engineBuilt(PLUGINS);
  const cli = (await machinesCli()) ?? (built ? undefined : await downloadCli(step));
  if (cli !== undefined) {
    // Built before the machine had a CLI, it would be found first.
    if (built) removeBuilt();
    await obtainPlugins(cli, step);
  } else if (built) await rebuild("all", step);
  else await buildEngine("all", step);
  return (await probeEngine()).text;
}

async function obtainPlugins(cli: string, step: Step): Promise<void> {
  if (pluginsBuilt(PLUGINS)) return rebuild("plugins", step);
  const failures: string[] = [];
  for (const plugin of await absentPlugins(cli)) {
    step.note(`downloading ${pluginName(plugin)}`);
    const args = ["plugin", "install", "resource", plugin.name, `v${plugin.version}`];
    const { code, output } = await run(cli, args);
    if (code !== 0) failures.push(`${pluginName(plugin)} (${tail(output, 1).replace(/^error: /, "")})`);
  }
  if (failures.length === 0) return;
  const why = failures.join("; ");
  line("pulumi engine", `${cli} stays, and its plugins are built from Go modules, since it lacks ${why}`);
  await buildEngine("plugins", step).catch((error: Error) => {
    throw new UserError(`${error.message}\n${cli} lacks ${why}. Install what it lacks, or let Go build it.`);
  });
}

async function rebuild(parts: Parts, step: Step): Promise<void> {
  const failure = await rebuildEngine(parts, step);
  if (failure !== undefined) line("pulumi engine", `the earlier build stays: ${failure}`);
}

/** Unpacks the official release into the clone: the version that is also built offline. Undefined if it cannot be had. */
async function downloadCli(step: Step): Promise<string | undefined> {
  const archive = ".tools/pulumi-release.tar.gz";
  try {
    const url = `${RELEASES}/pulumi-v${builtVersion()}-${process.platform}-${process.arch}.tar.gz`;
    // Three seconds to answer at all; the download itself may take its time.
    const head = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(3000) });
    if (!head.ok) return undefined;
    step.note("downloading the official release");
    const { body } = await fetch(url);
    if (body === null) return undefined;
    mkdirSync(".tools/bin", { recursive: true });
    await writeFile(archive, body);
    removeBuilt();
    const { code } = await run("tar", ["-xzf", archive, "-C", ".tools/bin", "--strip-components=1"]);
    return code === 0 ? await machinesCli() : undefined;
  } catch {
    return undefined;
  } finally {
    rmSync(archive, { force: true });
  }
}
