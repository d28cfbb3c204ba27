/** The Pulumi engine: CLI, Node language host, docker and command plugins. */
import { existsSync, readFileSync } from "node:fs";
import { lastLines, run, Stop, which } from "../lib/exec.ts";
import type { Step } from "../lib/report.ts";
import { atLeast, versionIn } from "../lib/versions.ts";
import { found, lacking, type Probe } from "./probe.ts";

/** The oldest CLI that this program was tried with. */
const OLDEST = [3, 220, 0];

/** What `scripts/toolchain/build.sh` puts into `.tools/bin`. */
const BUILT = ["pulumi", "pulumi-language-nodejs", "pulumi-resource-docker", "pulumi-resource-command"];

/** The plugins that the lock file's packages ask for. */
function plugins(): [string, string][] {
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
    packages: Record<string, { version: string }>;
  };
  return ["docker", "command"].map((name) => [
    name,
    lock.packages[`node_modules/@pulumi/${name}`]?.version ?? "",
  ]);
}

/** Whether all four binaries were built into the clone. */
export const engineBuilt = (): boolean => BUILT.every((name) => existsSync(`.tools/bin/${name}`));

export async function probeEngine(): Promise<Probe> {
  if (engineBuilt()) return found(`Pulumi ${await cliVersion(".tools/bin/pulumi")}, built from Go modules`);
  const cli = which("pulumi");
  if (cli === undefined)
    return lacking(
      "Pulumi is not installed",
      "Run `npm run setup`, which builds it where it cannot be downloaded.",
    );
  const version = await cliVersion(cli);
  if (!atLeast(versionIn(version), OLDEST))
    return lacking(`${cli} is ${version}, too old`, `Install Pulumi ${OLDEST.join(".")} or newer.`);
  const absent = await absentPlugins();
  if (absent.length > 0)
    return lacking(
      `Pulumi ${version} lacks plugins: ${absent.map(([name]) => name).join(", ")}`,
      "Run `npm run setup`.",
    );
  return found(`Pulumi ${version}, from PATH`);
}

const cliVersion = async (cli: string): Promise<string> =>
  (await run(cli, ["version"])).output.trim().split("\n").at(-1) ?? "";

async function absentPlugins(): Promise<[string, string][]> {
  const { output } = await run("pulumi", ["plugin", "ls", "--json"]);
  const there = new Set<string>();
  try {
    for (const { name, version } of JSON.parse(output) as { name: string; version: string }[])
      there.add(`${name} ${version}`);
  } catch {
    // A CLI that cannot list its plugins has none that we may rely on.
  }
  return plugins().filter(([name, version]) => !there.has(`${name} ${version}`));
}

/**
 * Gets the engine: plugins for the CLI on PATH where they can be downloaded, else all of it from Go modules.
 *
 * @throws Stop with the build's last lines.
 */
export async function obtainEngine(step: Step): Promise<string> {
  if (
    which("pulumi") !== undefined &&
    !engineBuilt() &&
    atLeast(versionIn(await cliVersion("pulumi")), OLDEST)
  ) {
    step.note("downloading plugins");
    for (const [name, version] of await absentPlugins())
      await run("pulumi", ["plugin", "install", "resource", name, `v${version}`]);
    const probe = await probeEngine();
    if (probe.ok) return probe.text;
  }
  const onLine = (text: string) => step.note(text.replace(/^toolchain: /, ""));
  const { code, output } = await run("bash", ["scripts/toolchain/build.sh"], { onLine });
  if (code !== 0) throw new Stop(`pulumi engine: its build ended with ${code}:\n${lastLines(output, 20)}`);
  return (await probeEngine()).text;
}
