/** What Nix does before anything is touched: it shows that it can build for the docker host's system, and begins to build. */
import * as pulumi from "@pulumi/pulumi";
import type { DockerHost } from "../docker/host.ts";
import { runsHere } from "../docker/system.ts";
import { interrupt, run } from "../process.ts";
import { UserError } from "../userError.ts";
import { type ImagePlan, imageRef, isPinned } from "./plan.ts";
import type { Presence } from "./presence.ts";

/** Longest time for a remote builder to build next to nothing, in milliseconds. A guess. */
const TIME_LIMIT = 60_000;

/** Never the same, so that it is built and not found. Its builder is in Nix's sandbox, and on every Linux. */
const probe = (system: string) =>
  `derivation { name = "agatha-builder-probe"; system = "${system}"; builder = "/bin/sh"; args = [ "-c" ": > $out" ]; at = "${new Date().toISOString()}"; }`;

/**
 * If an update has to build something for another system than this machine's, lets Nix build next to nothing for it.
 * @throws UserError if Nix has no builder for it. The builds report any other failure.
 */
export async function refuseWithoutBuilder(
  system: string,
  images: ImagePlan[],
  known: Map<string, Presence>,
  { address }: DockerHost,
): Promise<void> {
  if (pulumi.runtime.isDryRun() || runsHere(system)) return;
  if (images.every((image) => isPinned(image) || known.get(imageRef(image)) === "present")) return;
  const args = ["--no-out-link", "--expr", probe(system)];
  const { stderr } = await run("nix-build", args, { timeout: TIME_LIMIT, optional: true });
  const why = noBuilder(system, address, stderr);
  if (why !== undefined) throw new UserError(why);
}

/** The message if Nix lacks a builder or does not reach one, by its words since version 2.8; undefined for any other output. */
export function noBuilder(system: string, address: string, stderr: string): string | undefined {
  if (!/is required to build|required system/i.test(stderr)) return undefined;
  const away = /^cannot build on '([^']+)'/m.exec(stderr)?.[1];
  const which = away === undefined ? "has no builder for that" : `does not reach its builder ${away}`;
  return `nix: images for ${system} are wanted, for the docker host ${address}, and this machine's Nix ${which}. Give it one as docs/platforms.md describes, or run up from a machine of that system.`;
}

/**
 * Starts Nix on images that docker lacks, whose derivations `planImages` put into the store, and does not wait. Their steps find
 * them built, wait for them, or build again what failed, and report that.
 */
export function buildEarly(images: ImagePlan[]): void {
  const derivations = images.flatMap((image) => (isPinned(image) ? [] : [image.drvPath]));
  if (derivations.length === 0) return;
  process.once("exit", interrupt);
  void run("nix-store", ["--realise", ...derivations], { optional: true });
}
