/** Small images in place of those that Nix builds. */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "./engine.ts";
import { well } from "./host.ts";

export interface SmallImage {
  ref: string;
  /** To come first on PATH: a nix-build that returns a program that writes the image. */
  bin: string;
}

/** Incompressible bytes of a layer. */
const LAYER = 8e6;

/**
 * An image of one layer, or of another image's layer and one more. The engine keeps neither.
 *
 * @param folder A folder of the test, which it removes.
 * @param ref The ref for the build step.
 */
export async function smallImage(
  engine: Engine,
  folder: string,
  ref: string,
  below?: SmallImage,
): Promise<SmallImage> {
  const own = mkdtempSync(join(folder, "small-"));
  const at = (name: string) => join(own, name);
  const docker = (...args: string[]) => well("docker", args, { ...process.env, DOCKER_HOST: engine.host });
  writeFileSync(at(ref), randomBytes(LAYER));
  if (below === undefined) {
    await well("tar", ["--create", "--file", at("layer.tar"), "--directory", own, ref]);
    await docker("import", at("layer.tar"), ref);
  } else {
    await docker("load", "--input", join(below.bin, "image.tar"));
    const container = await docker("create", below.ref, "none");
    await docker("cp", at(ref), `${container}:/${ref}`);
    await docker("commit", container, ref);
    await docker("rm", container);
  }
  const bin = at("bin");
  mkdirSync(bin);
  await docker("save", "--output", join(bin, "image.tar"), ref);
  await docker("image", "rm", ref, ...(below === undefined ? [] : [below.ref]));
  writeFileSync(join(bin, "program"), `#!/bin/sh\nexec cat ${join(bin, "image.tar")}\n`, { mode: 0o755 });
  const built = `#!/bin/sh\nwhile [ $# -gt 1 ]; do shift; done\nln -sfn ${join(bin, "program")} "$1"\n`;
  writeFileSync(join(bin, "nix-build"), built, { mode: 0o755 });
  return { ref, bin };
}
