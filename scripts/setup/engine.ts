/** The Pulumi engine: CLI, Node language host, docker and command plugins. */
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { lastLines, run, Stop, which } from "../lib/exec.ts";
import type { Step } from "../lib/report.ts";
import { atLeast, versionIn } from "../lib/versions.ts";
import { found, lacking, type Probe } from "./probe.ts";

/** The oldest CLI that this program was tried with. */
const OLDEST = [3, 220, 0];

/** Where the official releases of the CLI are. */
const RELEASES = "https://get.pulumi.com/releases/sdk";

/** What `scripts/toolchain/build.sh` makes. */
const BUILT = [
  ".tools/bin/pulumi",
  ".tools/bin/pulumi-language-nodejs",
  ...plugins().map(
    ([name, version]) => `.tools/pulumi-home/plugins/resource-${name}-v${version}/pulumi-resource-${name}`,
  ),
];

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

/** Whether the engine was built into the clone. */
const engineBuilt = (): boolean => BUILT.every((path) => existsSync(path));

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
  return found(`Pulumi ${version} at ${cli}`);
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
 * Gets the engine: what is on PATH, else the official release, each with the plugins it lacks; where one of them cannot
 * be downloaded, all of it from Go modules.
 *
 * @throws Stop with the build's last lines.
 */
export async function obtainEngine(step: Step): Promise<string> {
  if (!engineBuilt() && ((await goodCli()) || (await downloadCli(step)))) {
    step.note("downloading plugins");
    for (const [name, version] of await absentPlugins())
      await run("pulumi", ["plugin", "install", "resource", name, `v${version}`]);
    const probe = await probeEngine();
    if (probe.ok) return probe.text;
  }
  const onLine = (text: string) => step.note(text.replace(/^toolchain: /, ""));
  const { code, output } = await run("bash", ["scripts/toolchain/build.sh"], { onLine });
  if (code !== 0) {
    const said = lastLines(output.replace(/^toolchain: /gm, ""), 20);
    throw new Stop(`pulumi engine: ${said.includes("\n") ? `its build ended with ${code}:\n` : ""}${said}`);
  }
  return (await probeEngine()).text;
}

const goodCli = async (): Promise<boolean> =>
  which("pulumi") !== undefined && atLeast(versionIn(await cliVersion("pulumi")), OLDEST);

/** Takes the release of the version that the toolchain pins into the clone; false where it cannot be had. */
async function downloadCli(step: Step): Promise<boolean> {
  const version = /pulumi\/pkg\/v3 v([\d.]+)/.exec(
    readFileSync("scripts/toolchain/engine/go.mod", "utf8"),
  )?.[1];
  const machine = `${process.platform}-${process.arch}`;
  const archive = ".tools/pulumi-release.tar.gz";
  try {
    const url = `${RELEASES}/pulumi-v${version}-${machine}.tar.gz`;
    // Three seconds to answer at all; the download itself may take its time.
    const head = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(3000) });
    if (!head.ok) return false;
    step.note("downloading the official release");
    const { body } = await fetch(url);
    if (body === null) return false;
    mkdirSync(".tools/bin", { recursive: true });
    await pipeline(
      Readable.fromWeb(body as import("node:stream/web").ReadableStream),
      createWriteStream(archive),
    );
    const { code } = await run("tar", ["-xzf", archive, "-C", ".tools/bin", "--strip-components=1"]);
    return code === 0 && (await goodCli());
  } catch {
    return false;
  } finally {
    rmSync(archive, { force: true });
  }
}
