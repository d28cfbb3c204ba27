/** The set-up behind every command: obtains what is missing, in parallel where possible, and prints a line a step. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Values } from "../lib/config/collect.ts";
import { run, shellWord, which } from "../lib/process.ts";
import { line, report, type Step } from "../lib/progress.ts";
import { usesSample, valuesOf } from "../lib/stacks/file.ts";
import { UserError } from "../lib/userError.ts";
import { debianPackages } from "../offline/packages.ts";
import { obtainPostgresql, takenMajor } from "../offline/postgresql.ts";
import { installPackages, missingPackages } from "./apt.ts";
import { daemonInstalled, probeDocker, startDocker } from "./docker.ts";
import { obtainEngine } from "./engine.ts";
import { choosePackages, ensureBuilders, fetchPin, probeNix, probeStore, useOwnSettings } from "./nix.ts";
import { isRoot } from "./probe.ts";

/** Takes from Maven and npm what the `debian` set is made of. */
const MATERIAL = "offline/packages/prepare.sh";

/** What a command needs beside the engine, docker and Nix. */
interface Needs {
  /** Build the sample application. */
  sample?: boolean;
  /** Debian packages of its own: the tests' browser. */
  packages?: string[];
  /** Major version of PostgreSQL that the `debian` set must have. Default: the one it always has. */
  postgresql?: number | undefined;
}

/** What a stack needs, as far as its file can be read; what is wrong in it is reported by the program. */
export function needsOf(config: Values): Needs {
  const { database } = valuesOf(config) as { database?: { version?: unknown } };
  const version = Number(database?.version);
  return { sample: usesSample(config), postgresql: Number.isInteger(version) ? version : undefined };
}

/** Obtains whatever is missing; every step prints what it found or did. @throws UserError with the fix. */
export async function setup(needs: Needs = {}): Promise<void> {
  const packages = report("debian packages", (step) => install(needs, step));
  const docker = packages.then(() => report("docker", startDocker));
  const nix = packages.then(() => report("nix", prepareNix));
  const debian = () => process.env["AGATHA_PACKAGES"] === "debian";
  const material = (step: Step) => script("debian material", "bash", MATERIAL, step);
  const packageSet = nix.then(() =>
    debian() ? report("debian material", material) : report("nixpkgs", fetchPin),
  );
  const postgresql = nix.then(() => (debian() ? obtainMajor(needs.postgresql) : undefined));
  const engine = report("pulumi engine", obtainEngine);
  // The build tools come with the Debian packages if the machine has none of its own.
  const tools = which("mvn") !== undefined && which("javac") !== undefined ? Promise.resolve() : packages;
  const build = (step: Step) => script("sample", process.execPath, "sample/build.ts", step);
  const sample = needs.sample && tools.then(() => report("sample", build));
  const results = await Promise.allSettled([packages, docker, nix, packageSet, postgresql, engine, sample]);
  const reasons = results.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
  const unexpected = reasons.find((reason) => !(reason instanceof UserError));
  if (unexpected !== undefined) throw unexpected;
  if (reasons.length > 0)
    throw new UserError([...new Set(reasons.map((reason) => reason.message))].join("\n"));
}

/** Installs the Debian packages that are missing. */
async function install({ packages = [], sample = false }: Needs, step: Step): Promise<string> {
  const wanted = [...packages];
  if (!process.env["DOCKER_HOST"] && !(await probeDocker()).ok && !daemonInstalled())
    wanted.push("docker.io", "iptables");
  else if (which("docker") === undefined) wanted.push("docker.io");
  const nix = (await probeNix()).ok;
  if (!nix) wanted.push("nix-bin");
  // Debian's own Nix is too old for nixpkgs.
  const debian = !nix || (await choosePackages()) === "debian";
  if (debian) wanted.push(...debianPackages());
  if (debian || sample) {
    if (which("javac") === undefined) wanted.push("openjdk-17-jdk-headless");
    if (which("mvn") === undefined) wanted.push("maven");
  }
  const missing = await missingPackages([...new Set(wanted)]);
  if (missing.length === 0) return "all there";
  if (isRoot()) line("debian packages", `installing ${missing.join(" ")}`);
  step.note("installing");
  await installPackages(missing);
  return `installed ${missing.length}`;
}

async function prepareNix(): Promise<string> {
  const probe = await probeNix();
  for (const { ok, text, fix } of [probe, probeStore()]) if (!ok) throw new UserError(`nix: ${text}. ${fix}`);
  const packages = await choosePackages();
  const own = useOwnSettings(packages);
  const added = own ? await ensureBuilders() : undefined;
  process.env["AGATHA_PACKAGES"] = packages;
  writeEnvironment();
  const parts = [probe.text, own && "settings of this project", added, `package set "${packages}"`];
  return parts.filter(Boolean).join(", ");
}

/** Writes what env.sh reads: the findings about this machine. */
function writeEnvironment(): void {
  const text = ["NIX_CONF_DIR", "AGATHA_PACKAGES"]
    .flatMap((name) => {
      const value = process.env[name];
      return value ? `export ${name}=${shellWord(value)}\n` : [];
    })
    .join("");
  mkdirSync(".tools", { recursive: true });
  if (!existsSync(".tools/env") || readFileSync(".tools/env", "utf8") !== text)
    writeFileSync(".tools/env", text);
}

/** Obtains what the `debian` set makes a major version of PostgreSQL of, if it needs more than it has. */
async function obtainMajor(version: number | undefined): Promise<void> {
  const major = version === undefined ? undefined : takenMajor(version);
  if (version !== undefined && major !== undefined)
    await report(`postgresql ${version}`, () => obtainPostgresql(version, major));
}

/** Runs a script of this project. @returns What it printed last. */
async function script(name: string, program: string, path: string, step: Step): Promise<string> {
  const tidy = (entry: string) =>
    entry
      .trim()
      .replace(/\s+/g, " ")
      .replace(/^(sample|debian material:) /, "");
  const { code, output } = await run(program, [path], { onLine: (entry) => step.note(tidy(entry)) });
  const signOfLife = / \.\.\. \d+ s$/;
  const lines = output.split("\n").filter((entry) => entry.trim() !== "" && !signOfLife.test(entry));
  if (code !== 0) throw new UserError(`${name}: ${path} ended with ${code}:\n${lines.slice(-20).join("\n")}`);
  return lines.map(tidy).slice(-2).join("; ") || "all there";
}
