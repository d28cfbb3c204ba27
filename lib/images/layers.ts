/** Leaves layers that the daemon has out of a docker archive: `docker load` does not need them. */
import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import tar from "tar-stream";

/** The layers of an image on their way to the daemon. */
export type Layers = ReturnType<typeof layersBeside>;

/**
 * Docker knows a layer by the chain of those below it: if it lacks one, it lacks all above it.
 * @param images The layers of every image in the daemon, bottom first.
 */
export function layersBeside(images: string[][]) {
  const chains = new Set(
    images.flatMap((layers) => layers.map((_, index) => layers.slice(0, index + 1).join())),
  );
  const below: string[] = [];
  /** Layers and their bytes, of those that were asked about: those that are sent, and all of them. */
  const sent = { layers: 0, bytes: 0, ofLayers: 0, ofBytes: 0 };
  /** Whether the daemon has the next layer, from the bottom. @param digest `sha256:…` @param size Its uncompressed bytes. */
  const has = (digest: string, size: number): boolean => {
    below.push(digest);
    const known = chains.has(below.join());
    sent.ofLayers += 1;
    sent.ofBytes += size;
    sent.layers += known ? 0 : 1;
    sent.bytes += known ? 0 : size;
    return known;
  };
  return { has, sent };
}

/**
 * A layer's name in an archive, with the digest of its uncompressed bytes: dockerTools' (nixpkgs, stream_layered_image.py) or
 * skopeo's for layers of a pulled image (containers/image, docker/internal/tarfile/writer.go, physicalLayerPath).
 */
const LAYER = /^([0-9a-f]{64})(\/layer)?\.tar$/;

/** Copies an archive without the layers that the daemon has. They come in their order, as dockerTools write them. */
export function leaveOut(archive: Readable, layers: Layers): Readable {
  const [extract, pack, output] = [tar.extract(), tar.pack(), new PassThrough()];
  extract.on("entry", (header, content, next) => {
    // skopeo adds links with names that docker once gave layers, which are no digests.
    const digest = header.type === "file" ? LAYER.exec(header.name)?.[1] : undefined;
    // The pipelines below report an archive that is cut off. Without listeners here, it would end the process.
    content.on("error", () => {});
    if (digest !== undefined && layers.has(`sha256:${digest}`, header.size ?? 0)) {
      content.on("end", next);
      content.resume();
      return;
    }
    const entry = pack.entry(header, next);
    entry.on("error", () => {});
    content.pipe(entry);
  });
  extract.on("finish", () => pack.finalize());
  const fail = (error: unknown) => output.destroy(error as Error);
  pipeline(archive, extract).catch(fail);
  pipeline(pack, output).catch(fail);
  return output;
}
