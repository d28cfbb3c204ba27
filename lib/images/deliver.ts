/** Builds an image and brings it into the docker daemon. */
import { existsSync, rmSync, symlinkSync } from "node:fs";
import { basename } from "node:path";
import { runsHere } from "../docker/system.ts";
import { run } from "../process.ts";
import { secondsSince } from "../units.ts";
import { knownLayers, load, usesContainerd, type Writer } from "./load.ts";
import { nixArguments, nixBuild } from "./nix.ts";
import { type OpenRegistry, throughRegistry } from "./throughRegistry.ts";

export interface Source {
  attribute: string;
  packages: string;
  /** What differs from nix/application.json, as JSON. */
  application: string;
  system: string;
  outLink: string;
  /** The registry that it goes through; undefined if it is loaded directly. */
  registry: OpenRegistry | undefined;
}

/** @returns What happened: `built in 3.1 s, 1 of 14 layers, 3.2 MB of 131.0 MB sent in 0.4 s`. */
export async function buildAndDeliver(ref: string, source: Source): Promise<string> {
  const { attribute, packages, application, system, outLink, registry } = source;
  // Asked while Nix builds; a failure is reported when the answer is needed.
  const layers = knownLayers();
  layers.catch(() => {});
  const which = nixArguments(packages, application, system);
  const start = performance.now();
  await nixBuild(attribute, outLink, which);
  const seconds = secondsSince(start);
  const here = runsHere(system);
  const archive = `${outLink}.tar`;
  // The program that writes the image is one of the image's system. If this machine cannot run it, the builder does.
  if (!here) await nixBuild(`archives.${attribute}`, archive, which);
  const writer: Writer = here ? [outLink, []] : ["cat", [archive]];
  try {
    const sent =
      registry === undefined
        ? await load(writer, layers, here && packages === "debian")
        : await throughRegistry(writer, ref, registry);
    return `built in ${seconds}, ${sent}`;
  } catch (error) {
    // The containerd store names an image before it unpacks it, and keeps the name if that fails. Other stores name it last:
    // a name that is there belongs to another stack.
    if (await usesContainerd().catch(() => false)) await run("docker", ["image", "rm", ref]);
    throw error;
  } finally {
    rmSync(archive, { force: true });
  }
}

/** Points `back-image`, beside `back-image-<tag>`, to the image that runs. Removes it if that was not built here. */
export function pointTo(outLink: string): void {
  const current = outLink.replace(/-[0-9a-z]{32}$/, "");
  rmSync(current, { force: true });
  if (existsSync(outLink)) symlinkSync(basename(outLink), current);
}
