/** Leaves layers that the daemon has out of a docker archive: `docker load` does not need them. */
import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import tar from "tar-stream";

/** Layers and their bytes: those that are sent, and all of them. */
export interface Sent {
  layers: number;
  bytes: number;
  ofLayers: number;
  ofBytes: number;
}

/** A layer of an image: the digest (`sha256:…`) and the number of its uncompressed bytes. */
export interface Layer {
  digest: string;
  size: number;
}

/** The digests of the layers that the daemon has, and what is sent without them. */
export function toLeaveOut(layers: Layer[], has: (digest: string) => boolean): [string[], Sent] {
  const sent: Sent = { layers: 0, bytes: 0, ofLayers: 0, ofBytes: 0 };
  const without = layers.filter(({ digest, size }) => {
    const known = has(digest.replace("sha256:", ""));
    count(sent, size, !known);
    return known;
  });
  return [without.map(({ digest }) => digest), sent];
}

/**
 * A layer's name in an archive, with the digest of its uncompressed bytes. dockerTools name their own layers in the longer
 * way (nixpkgs, stream_layered_image.py) and keep skopeo's names for those of a pulled image (containers/image,
 * docker/internal/tarfile/writer.go, physicalLayerPath).
 */
const LAYER = /^(?<digest>[0-9a-f]{64})(\/layer)?\.tar$/;

/**
 * Says for one layer after the other, from the bottom, whether the daemon has it on the same layers below. Docker knows layers
 * by that chain: if it lacks one, it lacks all above it.
 *
 * @param images The layers of every image in the daemon, bottom first (`sha256:…`).
 */
export function knownChain(images: string[][]): (digest: string) => boolean {
  const chains = new Set(
    images.flatMap((layers) => layers.map((_, index) => layers.slice(0, index + 1).join())),
  );
  const below: string[] = [];
  return (digest) => {
    below.push(`sha256:${digest}`);
    return chains.has(below.join());
  };
}

/**
 * Copies an archive without the layers that the daemon has. They come in their order, as dockerTools write them.
 *
 * @param sent Is counted up as layers go through.
 */
export function leaveOut(archive: Readable, has: (digest: string) => boolean, sent: Sent): Readable {
  const [extract, pack, output] = [tar.extract(), tar.pack(), new PassThrough()];
  extract.on("entry", (header, content, next) => {
    // skopeo adds links with names that docker once gave layers, which are no digests.
    const digest = header.type === "file" ? LAYER.exec(header.name)?.groups?.["digest"] : undefined;
    const size = header.size ?? 0;
    const skip = digest !== undefined && has(digest);
    if (digest !== undefined) count(sent, size, !skip);
    if (!skip) {
      const entry = pack.entry(header, next);
      // The pipelines below report an archive that is cut off. Without a listener here, it would end the process.
      for (const part of [content, entry]) part.on("error", () => {});
      content.pipe(entry);
      return;
    }
    content.on("end", next);
    content.resume();
  });
  extract.on("finish", () => pack.finalize());
  const fail = (error: unknown) => output.destroy(error as Error);
  pipeline(archive, extract).catch(fail);
  pipeline(pack, output).catch(fail);
  return output;
}

function count(sent: Sent, size: number, goes: boolean): void {
  sent.ofLayers += 1;
  sent.ofBytes += size;
  if (!goes) return;
  sent.layers += 1;
  sent.bytes += size;
}
