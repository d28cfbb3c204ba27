/** The set-up behind every command: whatever is missing, side by side where it can be, a line a step. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { run, which } from "../lib/process.ts";
import { line, report, type Step } from "../lib/report.ts";
import { UserError } from "../lib/userError.ts";
import { obtainPostgresql, takenMajor } from "../offline/postgresql.ts";
import { hostPackages, installPackages, missingPackages } from "./debian.ts";
import { daemonInstalled, probeDocker, startDocker } from "./docker.ts";
import { obtainEngine } from "./engine.ts";
import { choosePackages, ensureBuilders, fetchPin, ownSettings, probeNix, probeStore } from "./nix.ts";
import { isRoot } from "./probe.ts";

/** What a command needs beside the engine, docker and Nix. */
export interface Needs {
  /** Build the sample application. */
  sample?: boolean;
  /** Debian packages of its own: the tests' browser. */
  packages?: string[];
  /** Major version of PostgreSQL that the `debian` set has to have. Default: the one it always has. */
  postgresql?: number | undefined;
}

/** Sets up whatever is missing; every step says what it found or did. @throws UserError with the fix. */
export async function setup(needs: Needs = {}): Promise<void> {
  const packages = report("debian packages", (step) => debian(needs, step));
  const docker = packages.then(() => report("docker", startDocker));
  const builder = packages.then(() => report("nix", nix));
  const material = builder.then(() =>
    process.env["AGATHA_PACKAGES"] === "debian"
      ? report("debian material", hostMaterial)
      : report("nixpkgs", fetchPin),
  );
  const major = needs.postgresql === undefined ? undefined : takenMajor(needs.postgresql);
  const postgresql = builder.then(() =>
    major !== undefined && process.env["AGATHA_PACKAGES"] === "debian"
      ? report(`postgresql ${needs.postgresql}`, () => obtainPostgresql(Number(needs.postgresql), major))
      : undefined,
  );
  const engine = report("pulumi engine", obtainEngine);
  // The build tools come with the Debian packages where the machine has none of its own.
  const tools = which("mvn") !== undefined && which("javac") !== undefined ? Promise.resolve() : packages;
  const sample = needs.sample ? tools.then(buildSample) : undefined;
  const results = await Promise.allSettled([packages, docker, builder, material, postgresql, engine, sample]);
  const reasons = results.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
  const unexpected = reasons.find((reason) => !(reason instanceof UserError));
  if (unexpected !== undefined) throw unexpected;
  if (reasons.length > 0)
    throw new UserError([...new Set(reasons.map((reason) => reason.message))].join("\n"));
}

async function debian({ packages: extra = [], sample = false }: Needs, step: Step): Promise<string> {
  const wanted: string[] = [];
  const here = !process.env["DOCKER_HOST"];
  if (here && !(await probeDocker()).ok && !daemonInstalled()) wanted.push("docker.io", "iptables");
  else if (which("docker") === undefined) wanted.push("docker.io");
  if (!(await probeNix()).ok) wanted.push("nix-bin");
  // Debian's Nix can only build from the host's packages; a newer one may have been found on PATH.
  const host = wanted.includes("nix-bin") || (await choosePackages()) === "debian";
  // What builds the sample, and the material of the `debian` set.
  if (host || sample) {
    if (which("javac") === undefined) wanted.push("openjdk-17-jdk-headless");
    if (which("mvn") === undefined) wanted.push("maven");
  }
  const missing = await missingPackages([...new Set([...wanted, ...(host ? hostPackages() : []), ...extra])]);
  if (missing.length === 0) return "all there";
  if (isRoot()) line("debian packages", `installing ${missing.join(" ")}`);
  step.note("installing");
  await installPackages(missing);
  return `installed ${missing.length}`;
}

async function nix(): Promise<string> {
  const probe = await probeNix();
  const store = probeStore();
  if (!probe.ok) throw new UserError(`nix: ${probe.text}. ${probe.fix}`);
  if (!store.ok) throw new UserError(`nix: ${store.text}. ${store.fix}`);
  const said = [probe.text];
  const settings = ownSettings();
  if (settings !== undefined) {
    process.env["NIX_CONF_DIR"] = settings;
    said.push("settings of setup");
    said.push(...(await ensureBuilders()));
  }
  process.env["AGATHA_PACKAGES"] = await choosePackages();
  said.push(`package set "${process.env["AGATHA_PACKAGES"]}"`);
  writeEnvironment();
  return said.join(", ");
}

/** What env.sh reads: the findings about this machine. */
function writeEnvironment(): void {
  const names = ["NIX_CONF_DIR", "AGATHA_PACKAGES"].filter((name) => process.env[name]);
  const text = names
    .map((name) => `export ${name}='${process.env[name]?.replaceAll("'", "'\\''")}'\n`)
    .join("");
  mkdirSync(".tools", { recursive: true });
  if (!existsSync(".tools/env") || readFileSync(".tools/env", "utf8") !== text)
    writeFileSync(".tools/env", text);
}

async function hostMaterial(step: Step): Promise<string> {
  return script("debian material", "bash", ["offline/packages/prepare.sh"], step);
}

async function buildSample(): Promise<void> {
  await report("sample", (step) => script("sample", process.execPath, ["sample/build.ts"], step));
}

/** Runs a script of this project; its line is what the script said last. */
async function script(name: string, program: string, args: string[], step: Step): Promise<string> {
  const tidy = (entry: string) =>
    entry
      .replace(/\s+/g, " ")
      .replace(/^(sample|debian material:) /, "")
      .trim();
  const { code, output } = await run(program, args, { onLine: (entry) => step.note(tidy(entry)) });
  const signOfLife = / \.\.\. \d+ s$/;
  const lines = output
    .trim()
    .split("\n")
    .filter((entry) => entry !== "" && !signOfLife.test(entry));
  if (code !== 0)
    throw new UserError(`${name}: ${args.join(" ")} ended with ${code}:\n${lines.slice(-20).join("\n")}`);
  return lines.map(tidy).slice(-2).join("; ") || "all there";
}
