/** Finds out, before anything is touched, whether Nix can build for a docker host of another system than this machine's. */

import { execFile } from "node:child_process";
import * as pulumi from "@pulumi/pulumi";
import type { DockerHost } from "../docker/host.ts";
import { runsHere } from "../docker/system.ts";
import { UserError } from "../userError.ts";
import { type ImagePlan, imageRef, isPinned } from "./plan.ts";
import type { Presence } from "./presence.ts";

/** Longest time for a builder elsewhere to build next to nothing, in milliseconds. A guess. */
const TIME_LIMIT = 60_000;

/** Never the same, so that it is built and not found. Its builder is in Nix's sandbox, and on every Linux. */
const probe = (system: string) =>
  `derivation { name = "agatha-builder-probe"; system = "${system}"; builder = "/bin/sh"; args = [ "-c" ": > $out" ]; at = "${new Date().toISOString()}"; }`;

/**
 * Lets Nix build next to nothing for that system, where an update has something to build for another than this machine's.
 *
 * @throws UserError where Nix has no builder for it. What else fails is told by the builds.
 */
export async function refuseWithoutBuilder(
  system: string,
  images: ImagePlan[],
  known: Map<string, Presence>,
  { address }: DockerHost,
): Promise<void> {
  if (pulumi.runtime.isDryRun() || runsHere(system)) return;
  if (images.every((image) => isPinned(image) || known.get(imageRef(image)) === "present")) return;
  const words = await build(system);
  if (lacksBuilder(words)) throw new UserError(noBuilder(system, address, words));
}

/** What Nix prints on standard error. */
function build(system: string): Promise<string> {
  const args = ["--no-out-link", "--expr", probe(system)];
  return new Promise((resolve) => {
    execFile("nix-build", args, { timeout: TIME_LIMIT }, (_error, _stdout, stderr) => resolve(stderr));
  });
}

/** Whether Nix says that it is for want of a builder, in the words of its versions since 2.8. */
export const lacksBuilder = (words: string): boolean => /is required to build|required system/i.test(words);

/** The sentence for it; a builder that is named and does not answer is told too. */
export function noBuilder(system: string, address: string, words: string): string {
  const away = /^cannot build on '([^']+)'/m.exec(words)?.[1];
  const which = away === undefined ? "has no builder for that" : `does not reach its builder ${away}`;
  return `nix: images for ${system} are wanted, for the docker host ${address}, and this machine's Nix ${which}. Give it one as docs/platforms.md tells, or run up from a machine of that system.`;
}
