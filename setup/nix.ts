/** Nix: which version, with which settings, and which package set it can build from. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Config } from "../lib/config/schema.ts";
import { ownSentence } from "../lib/images/nix.ts";
import { run, tail, which } from "../lib/process.ts";
import type { Step } from "../lib/progress.ts";
import { UserError } from "../lib/userError.ts";
import { atLeast, found, isRoot, lacking, type Probe } from "./probe.ts";

type PackageSet = Config["packages"];

/** The oldest Nix that evaluates each set; for nixpkgs, its lib/minver.nix says so. */
const OLDEST: Record<PackageSet, string> = { debian: "2.8.0", nixpkgs: "2.18.0" };

/** Answers if nixpkgs' binary cache can be reached. */
const CACHE = "https://cache.nixos.org/nix-cache-info";

/** Builders that are added if the machine has none. */
const BUILDERS = 4;

/**
 * Their group's id; the users' ids follow it, as with the official installer. After each build Nix kills whatever runs
 * under the builder's id, on the whole host: a system user's id, such as 999, is also that of a container's PostgreSQL.
 */
const BUILDERS_GID = 30_000;

/** Ids that containers run as: no builder may have one of them. */
const CONTAINER_IDS = [999, 65_534];

const nixVersion = async (): Promise<string> =>
  (await run("nix-build", ["--version"], { optional: true })).output.trim();

export async function probeNix(): Promise<Probe> {
  if (which("nix-build") === undefined)
    return lacking(
      "is not installed",
      "Run `apt-get install nix-bin`, or install Nix 2.18 or newer from nixos.org.",
    );
  const version = await nixVersion();
  if (!atLeast(version, OLDEST.debian)) return lacking(`${version} is too old`, "Install Nix 2.8 or newer.");
  return found(version.replace("nix-build (Nix)", "Nix"));
}

/**
 * Points Nix at settings of ours if the machine has none: a root without a daemon, whose builders would be root as well.
 * An existing Nix keeps its settings.
 *
 * @returns Whether ours are used.
 */
export function useOwnSettings(packages: PackageSet): boolean {
  const given = process.env["NIX_CONF_DIR"];
  // What an earlier set-up of this clone chose is chosen anew: the folder may have moved.
  if (given?.startsWith(`${resolve()}/`)) delete process.env["NIX_CONF_DIR"];
  else if (given) return false;
  const others = [
    "/etc/nix/nix.conf",
    "/nix/var/nix/daemon-socket/socket",
    join(process.env["HOME"] ?? "/", ".config/nix/nix.conf"),
  ];
  if (!isRoot() || others.some((path) => existsSync(path))) return false;
  process.env["NIX_CONF_DIR"] = resolve(packages === "debian" ? "offline" : "setup/nix");
  return true;
}

/** The unprivileged users that builders run as. */
async function builders(): Promise<{ name: string; uid: number }[]> {
  const ask = async (...args: string[]) => (await run("getent", args, { optional: true })).stdout.trim();
  const names = (await ask("group", "nixbld")).split(":")[3]?.split(",").filter(Boolean) ?? [];
  const users = names.length === 0 ? "" : await ask("passwd", ...names);
  return [...users.matchAll(/^([^:]+):[^:]*:(\d+):/gm)].map(([, name = "", uid]) => ({
    name,
    uid: Number(uid),
  }));
}

/** Whether builders exist, with ids that nothing else has. */
export async function probeBuilders(): Promise<Probe> {
  const existing = await builders();
  if (existing.length === 0) return lacking("there are no users nixbld*", "Run `npm run setup`.");
  const shared = existing.find(({ uid }) => CONTAINER_IDS.includes(uid));
  if (shared === undefined)
    return found(`unprivileged users ${existing[0]?.name} to ${existing.at(-1)?.name}`);
  return lacking(
    `builder ${shared.name} has id ${shared.uid}, a container's: each build would kill what runs in it`,
    `Give it another: \`usermod --uid ${BUILDERS_GID + 100} ${shared.name}\`.`,
  );
}

/**
 * Adds the builders that our settings name, if there are none.
 *
 * @returns What was done; undefined if nothing.
 * @throws UserError if they cannot be added, or one has an id of a container.
 */
export async function ensureBuilders(): Promise<string | undefined> {
  const missing = (await builders()).length === 0;
  const names = `nixbld1 to nixbld${BUILDERS}`;
  if (missing) {
    await run("groupadd", ["--force", "--gid", String(BUILDERS_GID), "nixbld"], { optional: true });
    for (let number = 1; number <= BUILDERS; number++) {
      const who = [
        "--system",
        "--uid",
        String(BUILDERS_GID + number),
        "--gid",
        "nixbld",
        "--groups",
        "nixbld",
      ];
      const where = ["--home-dir", "/var/empty", "--no-create-home", "--shell", "/usr/sbin/nologin"];
      await run("useradd", [...who, ...where, `nixbld${number}`], { optional: true });
    }
  }
  const { ok, text, fix } = await probeBuilders();
  if (ok) return missing ? `system users ${names} added: builders never run as root` : undefined;
  throw new UserError(
    `nix: ${text}. ${missing ? `Add ${names} to group nixbld by hand, then run this again.` : fix}`,
  );
}

/** A user that is neither root nor served by a daemon cannot build. */
export function probeStore(): Probe {
  if (isRoot() || existsSync("/nix/var/nix/daemon-socket/socket")) return found("store is writable");
  return lacking("this user has no Nix daemon", "Install Nix with its daemon (nixos.org), or run as root.");
}

/** `AGATHA_PACKAGES`, else `nixpkgs` if this Nix evaluates it and its cache can be reached, else `debian`. */
export async function choosePackages(): Promise<PackageSet> {
  const asked = process.env["AGATHA_PACKAGES"];
  if (asked === "nixpkgs" || asked === "debian") return asked;
  if (asked)
    throw new UserError(
      `AGATHA_PACKAGES: ${JSON.stringify(asked)} is not a package set. Use nixpkgs or debian, or unset it.`,
    );
  if (!atLeast(await nixVersion(), OLDEST.nixpkgs)) return "debian";
  const answer = await fetch(CACHE, { signal: AbortSignal.timeout(3000) }).catch(() => undefined);
  return answer?.ok ? "nixpkgs" : "debian";
}

/**
 * Downloads and unpacks the pinned nixpkgs, unless the store has it: 40 MB or more, too long for a preview to wait.
 *
 * @returns Where it is.
 * @throws UserError with Nix's error.
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
