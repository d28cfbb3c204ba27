/**
 * Brings an image into the daemon: `REF` there already means nothing is built, sent or touched.
 * Prints one line that says what happened; it ends with the image's size, `63.6 MB (63590560 bytes)`.
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { nixArguments, ownSentence } from "../components/nixArguments.ts";
import { docker, inspect } from "./docker.ts";
import { knownLayers, load } from "./load.ts";
import { input, run, StepError, step, tail } from "./process.ts";

/** Lines of a failed build that are shown. */
const SHOWN_LINES = 30;

await step(async () => {
  const ref = input("REF");
  let what = "is in docker already";
  let sizeBytes = await inspect<number>("image", ref, ".Size");
  if (sizeBytes === undefined) {
    const outLink = input("OUT_LINK");
    // Asked while Nix builds; what fails there is told when it is needed.
    const layers = knownLayers();
    layers.catch(() => {});
    const built = await timed(() => build(outLink));
    what = `built in ${built}, ${await load(outLink, layers, input("PACKAGES"))}`;
    sizeBytes = await inspect<number>("image", ref, ".Size");
    if (sizeBytes === undefined)
      throw new StepError(
        `${ref}: docker took the image, but under another name. Remove ${outLink} and try again.`,
      );
  }
  await Promise.all(
    input("ALIASES")
      .split(" ")
      .map((alias) => docker(["tag", ref, alias])),
  );
  process.stdout.write(`${ref} ${what}, ${(sizeBytes / 1e6).toFixed(1)} MB (${sizeBytes} bytes)\n`);
});

/** Builds the image; the out-link keeps the store's garbage collector away from it. */
async function build(outLink: string): Promise<void> {
  mkdirSync(dirname(outLink), { recursive: true });
  const attribute = input("ATTRIBUTE");
  const args = [
    ...nixArguments(input("PACKAGES"), input("APPLICATION")),
    "-A",
    attribute,
    "--out-link",
    outLink,
  ];
  const result = await run("nix-build", args);
  if (result.code === 0) return;
  const own = ownSentence(result.stderr);
  if (own !== undefined) throw new StepError(own);
  throw new StepError(
    `nix-build of ${attribute} failed with ${result.code}:\n${tail(result.stderr, SHOWN_LINES)}`,
  );
}

async function timed(work: () => Promise<void>): Promise<string> {
  const start = performance.now();
  await work();
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}
