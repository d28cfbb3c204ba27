/** Nix: which one, with which settings, and which package set it can build from. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { run, Stop, which } from "../lib/exec.ts";
import { atLeast, versionIn } from "../lib/versions.ts";
import { found, isRoot, lacking, type Probe } from "./probe.ts";

/** The oldest Nix whose evaluator is good enough for the `host` set, and for nixpkgs (its lib/minver.nix). */
const OLDEST = { host: [2, 8], nixpkgs: [2, 18] };

/** Answers wherever nixpkgs' binary cache can be had. */
const CACHE = "https://cache.nixos.org/nix-cache-info";

/** Builders that are added where the machine has none. */
const BUILDERS = 4;

export type PackageSet = "nixpkgs" | "host";

export async function probeNix(): Promise<Probe> {
  if (which("nix-build") === undefined)
    return lacking(
      "is not installed",
      "Run `apt-get install nix-bin`, or install Nix 2.18 or newer from nixos.org.",
    );
  const version = (await run("nix-build", ["--version"])).output.trim();
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
  return others.some((path) => existsSync(path)) ? undefined : resolve("scripts/nix");
}

/** Whether the unprivileged users that builders run as are there. */
export async function buildersExist(): Promise<boolean> {
  const { code, output } = await run("getent", ["group", "nixbld"]);
  return code === 0 && output.trim().split(":")[3] !== "";
}

/** Adds the group and users that our settings name: builders never run as root. */
export async function addBuilders(): Promise<string> {
  await run("groupadd", ["--system", "--force", "nixbld"]);
  for (let number = 1; number <= BUILDERS; number++) {
    const args = [
      "--system",
      "--gid",
      "nixbld",
      "--groups",
      "nixbld",
      "--home-dir",
      "/var/empty",
      "--no-create-home",
    ];
    await run("useradd", [...args, "--shell", "/usr/sbin/nologin", `nixbld${number}`]);
  }
  if (!(await buildersExist()))
    throw new Stop(
      "nix: the users nixbld1 to nixbld4 could not be added. Add them to group nixbld by hand, then run this again.",
    );
  return `system users nixbld1 to nixbld${BUILDERS} added: builders never run as root`;
}

/** A user that is neither root nor served by a daemon cannot build. */
export function probeStore(): Probe {
  if (isRoot() || existsSync("/nix/var/nix/daemon-socket/socket")) return found("store is writable");
  return lacking("this user has no Nix daemon", "Install Nix with its daemon (nixos.org), or run as root.");
}

/** `nixpkgs` where this Nix can evaluate it and its cache can be had, else `host`; `AGATHA_PACKAGES` decides first. */
export async function choosePackages(): Promise<PackageSet> {
  const asked = process.env["AGATHA_PACKAGES"];
  if (asked === "nixpkgs" || asked === "host") return asked;
  if (asked)
    throw new Stop(`AGATHA_PACKAGES: "${asked}" is not a package set. Use nixpkgs or host, or unset it.`);
  const version = versionIn((await run("nix-build", ["--version"])).output);
  if (!atLeast(version, OLDEST.nixpkgs)) return "host";
  const answer = await fetch(CACHE, { signal: AbortSignal.timeout(3000) }).catch(() => undefined);
  return answer?.ok ? "nixpkgs" : "host";
}
