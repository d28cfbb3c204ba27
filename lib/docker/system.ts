/** For which system images are built: the docker host's, in Nix's words. */

import application from "../../nix/application.json" with { type: "json" };
import type { Config } from "../config/schema.ts";
import { UserError } from "../userError.ts";

/** What images are built for. */
export const SYSTEMS = ["x86_64-linux", "aarch64-linux"];

/** What docker, podman and Node call architectures, and what Nix does. */
const ARCHITECTURES: Record<string, string> = {
  amd64: "x86_64",
  arm64: "aarch64",
  x64: "x86_64",
};

const architecture = (name: string): string => ARCHITECTURES[name] ?? name;

/** Linux of this machine's architecture, which is docker's on macOS too. */
export const machineSystem = (): string => `${architecture(process.arch)}-linux`;

/** Whether this machine runs what is built for the system. */
export const runsHere = (system: string): boolean =>
  system === `${architecture(process.arch)}-${process.platform}`;

/**
 * A docker host's system as `docker info` has it.
 *
 * @returns undefined where the host does not say.
 */
export const systemOf = (osType: string | undefined, arch: string | undefined): string | undefined =>
  osType && arch ? `${architecture(arch)}-${osType}` : undefined;

/**
 * The system that the environment asks for, whatever the docker host is: one that emulates it may run it.
 *
 * @throws UserError where images for that cannot be built.
 */
export function askedSystem(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const asked = env["AGATHA_SYSTEM"] || undefined;
  if (asked === undefined || SYSTEMS.includes(asked)) return asked;
  throw new UserError(
    `AGATHA_SYSTEM: "${asked}" is not a system that images are built for. Set it to ${SYSTEMS.join(" or ")}, or unset it: the docker host is asked.`,
  );
}

/** The sentence for a docker host on which no image of ours runs. */
export const otherSystem = (address: string, system: string): string =>
  `docker: ${address} runs containers of ${system}, and images are built for ${SYSTEMS.join(" or ")}. Set agatha:dockerHost to another host.`;

/** What every preview and update says while the environment asks for another system than the host's. */
export const emulationNote = (asked: string, system: string): string =>
  `AGATHA_SYSTEM: images are built for ${asked}, and the docker host is ${system}: it has to emulate that. Unset it to build for the host.`;

/**
 * The set `debian` is made of this machine's Debian packages: for the other architecture they are not what they pass for.
 * (Nix refuses what is not for x86_64.)
 *
 * @param runs Whether this machine runs what is built for the system.
 * @throws UserError where it is chosen on another machine than the docker host's kind.
 */
export function refuseForeignPackages({ packages }: Config, system: string, runs = runsHere(system)): void {
  if (packages !== "debian" || runs || system !== "x86_64-linux") return;
  throw new UserError(
    `agatha:packages: "debian" takes the packages of an x86_64 Linux, and this is ${process.arch} ${process.platform}. Set it to "nixpkgs".`,
  );
}

/**
 * The image of PostgreSQL is pinned by the digest of one system's.
 *
 * @throws UserError where it is the pinned one, and the docker host is another's.
 */
export function refuseOtherDatabase({ packages, database }: Config, system: string): void {
  const pinned = JSON.stringify(database.image) === JSON.stringify(application.database.image);
  if (packages !== "nixpkgs" || !pinned || system === "x86_64-linux") return;
  throw new UserError(
    `agatha:database.image: the one that is pinned is for x86_64-linux, and the docker host is ${system}. Set one for that system, as docs/platforms.md tells.`,
  );
}
