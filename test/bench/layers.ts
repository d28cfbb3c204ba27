/** Which layers an image has, read from what its program writes: so that bytes sent are held against them. */
import { spawn } from "node:child_process";
import { pipeline } from "node:stream/promises";
import tar from "tar-stream";
import { UserError } from "../../lib/userError.ts";

/** Sizes of layers by digest (`sha256:…`). */
export type Layers = Map<string, number>;

/**
 * @param image An executable that writes a docker archive to its standard output.
 * @throws UserError if it cannot be run.
 */
export async function layersOf(image: string): Promise<Layers> {
  const layers: Layers = new Map();
  const extract = tar.extract();
  extract.on("entry", (header, content, next) => {
    const digest = /^([0-9a-f]{64})\/layer\.tar$/.exec(header.name)?.[1];
    if (digest !== undefined) layers.set(`sha256:${digest}`, header.size ?? 0);
    content.on("end", next);
    content.resume();
  });
  const child = spawn(image, [], { stdio: ["ignore", "pipe", "inherit"] });
  const absent = new Promise<never>((_, reject) => {
    child.once("error", (error) => reject(new UserError(`bench: ${image} cannot be run: ${error.message}`)));
  });
  await Promise.race([absent, pipeline(child.stdout, extract)]);
  return layers;
}

/** Bytes of the layers that were not there before. */
export function changedBytes(before: Iterable<string>, after: Layers): number {
  const had = new Set(before);
  let bytes = 0;
  for (const [digest, size] of after) if (!had.has(digest)) bytes += size;
  return bytes;
}
