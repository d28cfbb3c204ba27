/** Nix: which one, with which settings, and which package set it can build from. */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { ownSentence } from "../lib/images/nixArguments.ts";
import { run, tail, which } from "../lib/process.ts";
import type { Step } from "../lib/report.ts";
import { UserError } from "../lib/userError.ts";
import { atLeast, versionIn } from "../lib/versions.ts";
import { found, isRoot, lacking, type Probe } from "./probe.ts";

/** The oldest Nix whose evaluator is good enough for the `debian` set, and for nixpkgs (its lib/minver.nix). */
const OLDEST = { host: [2, 8], nixpkgs: [2, 18] };

/** Answers wherever nixpkgs' binary cache can be had. */
const CACHE = "https://cache.nixos.org/nix-cache-info";

/** Builders that are added where the machine has none. */
const BUILDERS = 4;

/**
 * Their group's id; the users' follow it, as with the official installer. After each build Nix kills whatever runs
 * under the builder's id, on the whole host: a system user's id, 999 say, is a container's PostgreSQL too.
 */
const BUILDERS_GID = 30_000;

/** Ids that containers run as here: no builder may have one of them. */
const CONTAINER_IDS = [999, 65_534];

export type PackageSet = "nixpkgs" | "debian";

export async function probeNix(): Promise<Probe> {
  if (which("nix-build") === undefined)
    return lacking(
      "is not installed",
      "Run `apt-get install nix-bin`, or install Nix 2.18 or newer from nixos.org.",
    );
  const version = (await run("nix-build", ["--version"], { optional: true })).output.trim();
  if (!atLeast(versionIn(version), OLDEST.host))
    return lacking(`${version} is too old`, "Install Nix 2.8 or newer.");
  return found(version.replace("nix-build (Nix)", "Nix"));
}

/**
 * The folder of our own Nix settings where the machine has none: a root without daemon whose builders would be root
 * too. Somebody's Nix is left as it is.
 */
export function ownSettings(): string | undefined {
  if (process.env["NIX_CONF_DIR"] || !isRoot()) return undefined;
  const others = [
    "/etc/nix/nix.conf",
    "/nix/var/nix/daemon-socket/socket",
    join(process.env["HOME"] ?? "/", ".config/nix/nix.conf"),
  ];
  return others.some((path) => existsSync(path)) ? undefined : resolve("setup");
}

/** The unprivileged users that builders run as: their names and ids. */
async function builders(): Promise<{ name: string; uid: number }[]> {
  const group =
    (await run("getent", ["group", "nixbld"], { optional: true })).output.trim().split(":")[3] ?? "";
  const names = group.split(",").filter(Boolean);
  const { output } = names.length > 0 ? await run("getent", ["passwd", ...names]) : { output: "" };
  return output
    .split("\n")
    .filter(Boolean)
    .map((entry) => ({ name: entry.split(":")[0] ?? "", uid: Number(entry.split(":")[2]) }));
}

/** Whether builders are there, and under ids that nothing else has. */
export async function probeBuilders(): Promise<Probe> {
  const there = await builders();
  if (there.length === 0) return lacking("there are no users nixbld*", "Run `npm run setup`.");
  const shared = there.find(({ uid }) => CONTAINER_IDS.includes(uid));
  if (shared === undefined) return found(`unprivileged users ${there[0]?.name} to ${there.at(-1)?.name}`);
  const fix = `Give it another: \`usermod --uid ${BUILDERS_GID + 100} ${shared.name}\`.`;
  return lacking(
    `builder ${shared.name} has id ${shared.uid}, a container's: each build would kill what runs in it`,
    fix,
  );
}

/**
 * Makes sure of the builders that our settings name.
 *
 * @returns What was done, for the step's line; nothing where they were there.
 * @throws UserError where one has an id of a container.
 */
export async function ensureBuilders(): Promise<string[]> {
  if ((await builders()).length === 0) return [await addBuilders()];
  const probe = await probeBuilders();
  if (!probe.ok) throw new UserError(`nix: ${probe.text}. ${probe.fix}`);
  return [];
}

/** Adds the group and users: builders never run as root. */
async function addBuilders(): Promise<string> {
  await run("groupadd", ["--force", "--gid", String(BUILDERS_GID), "nixbld"]);
  for (let number = 1; number <= BUILDERS; number++) {
    const who = ["--system", "--uid", String(BUILDERS_GID + number), "--gid", "nixbld", "--groups", "nixbld"];
    const where = ["--home-dir", "/var/empty", "--no-create-home", "--shell", "/usr/sbin/nologin"];
    await run("useradd", [...who, ...where, `nixbld${number}`]);
  }
  const probe = await probeBuilders();
  if (!probe.ok)
    throw new UserError(
      `nix: ${probe.text}. Add nixbld1 to nixbld${BUILDERS} to group nixbld by hand, then run this again.`,
    );
  return `system users nixbld1 to nixbld${BUILDERS} added: builders never run as root`;
}

/** A user that is neither root nor served by a daemon cannot build. */
export function probeStore(): Probe {
  if (isRoot() || existsSync("/nix/var/nix/daemon-socket/socket")) return found("store is writable");
  return lacking("this user has no Nix daemon", "Install Nix with its daemon (nixos.org), or run as root.");
}

/** `nixpkgs` where this Nix can evaluate it and its cache can be had, else `debian`; `AGATHA_PACKAGES` decides first. */
export async function choosePackages(): Promise<PackageSet> {
  const asked = process.env["AGATHA_PACKAGES"];
  if (asked === "nixpkgs" || asked === "debian") return asked;
  if (asked)
    throw new UserError(
      `AGATHA_PACKAGES: "${asked}" is not a package set. Use nixpkgs or host, or unset it.`,
    );
  const version = versionIn((await run("nix-build", ["--version"], { optional: true })).output);
  if (!atLeast(version, OLDEST.nixpkgs)) return "debian";
  const answer = await fetch(CACHE, { signal: AbortSignal.timeout(3000) }).catch(() => undefined);
  return answer?.ok ? "nixpkgs" : "debian";
}

/**
 * Downloads and unpacks the pinned nixpkgs, unless the store has it: 40 MB or more, for which no evaluation is to wait.
 *
 * @returns Where it is.
 * @throws UserError with what Nix said.
 */
export async function fetchPin(step: Step): Promise<string> {
  step.note("downloading and unpacking the pin");
  const args = ["--eval", "-A", "path", "nix/nixpkgs.nix", "--argstr", "system", "x86_64-linux"];
  const { code, output, stdout } = await run("nix-instantiate", args);
  if (code === 0) return `the pin is at ${stdout.trim()}`;
  throw new UserError(
    ownSentence(output) ??
      `nixpkgs: the pin could not be fetched:\n${tail(output, 15)}\nRun this again with the internet, or set AGATHA_PACKAGES=debian.`,
  );
}
