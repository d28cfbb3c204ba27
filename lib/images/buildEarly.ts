/** Lets Nix build while Pulumi still starts. */
import { interrupt, run } from "../process.ts";
import { type ImagePlan, isPinned } from "./plan.ts";

/**
 * Starts Nix on images that docker lacks, and does not wait. Their steps find them built, wait for them, or build again what
 * failed, and report that.
 *
 * @param images Their derivations have to be in the store: `planImages` puts them there.
 */
export function buildEarly(images: ImagePlan[]): void {
  const derivations = images.flatMap((image) => (isPinned(image) ? [] : [image.drvPath]));
  if (derivations.length === 0) return;
  process.once("exit", interrupt);
  void run("nix-store", ["--realise", ...derivations], { optional: true });
}
