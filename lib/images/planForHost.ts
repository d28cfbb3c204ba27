/** The images that a stack is to run, for its docker host. */
import * as pulumi from "@pulumi/pulumi";
import application from "../../nix/application.json" with { type: "json" };
import type { Config } from "../config/schema.ts";
import type { KnownHost } from "../docker/stackHost.ts";
import { askedSystem, emulationNote, machineSystem, runsHere } from "../docker/system.ts";
import { UserError } from "../userError.ts";
import { planImages, type StackImages } from "./evaluate.ts";

/**
 * Evaluates the images while the docker host is asked, for this machine's system, and again if the host's is another.
 * @throws UserError if they cannot be evaluated, or not for that system.
 */
export async function planForHost(
  config: Config,
  host: Promise<KnownHost>,
): Promise<{ images: StackImages; system: string }> {
  const asked = askedSystem();
  const assumed = asked ?? machineSystem();
  const update = !pulumi.runtime.isDryRun();
  const early = planImages(config, assumed, update);
  // A failure for another system does not matter.
  early.catch(() => {});
  const { system } = await host;
  if (asked !== undefined && system !== undefined && asked !== system)
    void pulumi.log.info(emulationNote(asked, system));
  const wanted = asked ?? system ?? assumed;
  refuseOtherSystem(config, wanted);
  return { images: await (wanted === assumed ? early : planImages(config, wanted, update)), system: wanted };
}

/**
 * @param runs Whether this machine runs programs for the system.
 * @throws UserError for the set `debian`, which is made of this machine's own packages, if this is not an x86_64 Linux (Nix itself
 * refuses to build it for another system); for the pinned image of PostgreSQL, whose digest is that of one system, on another.
 */
export function refuseOtherSystem(
  { packages, database }: Config,
  system: string,
  runs = runsHere(system),
): void {
  if (packages === "debian" && !runs && system === "x86_64-linux")
    throw new UserError(
      `agatha:packages: "debian" takes the packages of an x86_64 Linux, and this is ${process.arch} ${process.platform}. Set it to "nixpkgs".`,
    );
  if (packages !== "nixpkgs" || system === "x86_64-linux") return;
  if (JSON.stringify(database.image) === JSON.stringify(application.database.image))
    throw new UserError(
      `agatha:database.image: the pinned one is for x86_64-linux, and the docker host is ${system}. Set one for that system, as docs/platforms.md describes.`,
    );
}
