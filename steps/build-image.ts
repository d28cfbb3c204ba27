/**
 * Brings an image into the daemon: `REF` there already means nothing is built, sent or touched. A pinned one is there,
 * or the step fails with the sentence `PIN_ABSENT`.
 * Prints one line that says what happened; it ends with the image's size, `63.6 MB (63590560 bytes)`.
 */

import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { basename, dirname } from "node:path";
import { docker, inspect, tagged } from "../lib/docker/client.ts";
import type { Registry } from "../lib/docker/registry.ts";
import { runsHere } from "../lib/docker/system.ts";
import { knownLayers, load, usesContainerd } from "../lib/images/load.ts";
import { nixArguments, ownSentence } from "../lib/images/nixArguments.ts";
import { throughRegistry } from "../lib/images/throughRegistry.ts";
import { endedWith, run, tail } from "../lib/process.ts";
import { UserError } from "../lib/userError.ts";
import { input, step } from "./step.ts";

/** Lines of a failed build that are shown. */
const SHOWN_LINES = 30;

await step(async () => {
  const [ref, kept] = [input("REF"), input("KEPT_AS")];
  const pinAbsent = process.env["PIN_ABSENT"];
  let what = pinAbsent === undefined ? "is in docker already" : "is pinned";
  // Tried before anything else: from here on, no other stack's update takes the image for one that nobody wants.
  if (!(await tagged(ref, kept))) {
    if (pinAbsent !== undefined) throw new UserError(pinAbsent);
    const outLink = input("OUT_LINK");
    // Asked while Nix builds; what fails there is told when it is needed.
    const layers = knownLayers();
    layers.catch(() => {});
    const attribute = input("ATTRIBUTE");
    const built = await timed(() => build(attribute, outLink));
    what = `built in ${built}, ${await deliver(outLink, ref, layers)}`;
    if (!(await tagged(ref, kept)))
      throw new UserError(
        `${ref}: docker took the image, but under another name. Remove ${outLink} and try again.`,
      );
  }
  await Promise.all(
    input("ALIASES")
      .split(" ")
      .map((alias) => docker(["tag", ref, alias])),
  );
  if (pinAbsent === undefined) pointTo(input("OUT_LINK"));
  const sizeBytes = (await inspect<number>("image", ref, ".Size")) ?? 0;
  process.stdout.write(`${ref} ${what}, ${(sizeBytes / 1e6).toFixed(1)} MB (${sizeBytes} bytes)\n`);
});

/** Lets `back-image`, beside `back-image-<tag>`, be the image that runs; there is none where it was not built here. */
function pointTo(outLink: string): void {
  const current = outLink.replace(/-[0-9a-z]{32}$/, "");
  if (!existsSync(outLink)) {
    rmSync(current, { force: true });
    return;
  }
  const fresh = `${current}.${process.pid}`;
  symlinkSync(basename(outLink), fresh);
  renameSync(fresh, current);
}

/** Builds an attribute; the out-link keeps the store's garbage collector away from it. */
async function build(attribute: string, outLink: string): Promise<void> {
  mkdirSync(dirname(outLink), { recursive: true });
  const which = nixArguments(input("PACKAGES"), input("APPLICATION"), input("SYSTEM"));
  const args = [...which, "-A", attribute, "--out-link", outLink];
  const result = await run("nix-build", args);
  if (result.code === 0) return;
  const own = ownSentence(result.stderr);
  if (own !== undefined) throw new UserError(own);
  throw new UserError(`nix-build of ${attribute} ${endedWith(result)}:\n${tail(result.stderr, SHOWN_LINES)}`);
}

/** To the daemon outright, or by way of a registry where the stack has one. */
async function deliver(
  outLink: string,
  ref: string,
  layers: ReturnType<typeof knownLayers>,
): Promise<string> {
  const here = runsHere(input("SYSTEM"));
  const archive = `${outLink}.tar`;
  // The image's program is of the image's system: where this machine is of another, the builder lets it write.
  if (!here) await build(`archives.${input("ATTRIBUTE")}`, archive);
  const writer = here ? { program: outLink, args: [] } : { program: "cat", args: [archive] };
  const registry = process.env["REGISTRY"];
  try {
    return registry === undefined
      ? await load(writer, layers, here && input("PACKAGES") === "debian")
      : await throughRegistry(writer, ref, JSON.parse(registry) as Registry);
  } catch (error) {
    // The containerd store names an image before it unpacks it, and leaves the name if that fails. Any other names it last:
    // a name that is there was made by another stack.
    if (await usesContainerd().catch(() => false)) await run("docker", ["image", "rm", ref]);
    throw error;
  } finally {
    rmSync(archive, { force: true });
  }
}

async function timed(work: () => Promise<void>): Promise<string> {
  const start = performance.now();
  await work();
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}
