/** Reads a docker archive: what `docker save`, and an image program of dockerTools, write. Nothing is unpacked to disk. */
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import tar from "tar-stream";
import type { Image, LayerFile } from "./model.ts";

/** Gets a file of a layer, with its content, where `wants` asked for it. */
export interface Inspector {
  wants(path: string): boolean;
  take(path: string, content: Buffer): void;
}

const NOBODY: Inspector = { wants: () => false, take: () => {} };

interface Manifest {
  Config: string;
  RepoTags: string[] | null;
  Layers: string[];
}

/** The entries of an archive: JSON documents, layers, and links from one name of a layer to another. */
interface Entries {
  documents: Map<string, Buffer>;
  layers: Map<string, LayerFile[]>;
  links: Map<string, string>;
}

/**
 * @param inspector Is shown the files it asks for as they go by.
 * @throws Error where the bytes are no archive of one image.
 */
export async function readArchive(archive: Readable, inspector: Inspector = NOBODY): Promise<Image> {
  const entries: Entries = { documents: new Map(), layers: new Map(), links: new Map() };
  const extract = tar.extract();
  const fed = pipeline(archive, extract);
  // What fails is told by the loop below.
  fed.catch(() => {});
  for await (const entry of extract) {
    const { name, type, linkname } = entry.header;
    if (type === "symlink") entries.links.set(name, resolveLink(name, linkname ?? ""));
    if (type !== "file") entry.resume();
    else await readEntry(name, entry as AsyncIterable<Buffer>, entries, inspector);
  }
  await fed;
  return assemble(entries);
}

/** A layer is told from a document by its first byte: the names differ between those who write archives. */
async function readEntry(
  name: string,
  entry: AsyncIterable<Buffer>,
  entries: Entries,
  inspector: Inspector,
): Promise<void> {
  const iterator = entry[Symbol.asyncIterator]();
  const { value: first, done } = await iterator.next();
  const whole = (async function* () {
    if (done) return;
    yield first as Buffer;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  })();
  const start = done ? "" : String.fromCharCode((first as Buffer)[0] ?? 0);
  if (done || start === "{" || start === "[" || name.endsWith("VERSION") || name.endsWith("repositories"))
    entries.documents.set(name, await buffer(whole));
  else entries.layers.set(name, await readLayer(whole, start === "\x1f", inspector));
}

async function readLayer(
  bytes: AsyncIterable<Buffer>,
  gzipped: boolean,
  inspector: Inspector,
): Promise<LayerFile[]> {
  const extract = tar.extract();
  const fed = gzipped ? pipeline(bytes, createGunzip(), extract) : pipeline(bytes, extract);
  fed.catch(() => {});
  const files: LayerFile[] = [];
  for await (const entry of extract) {
    const { name, type, size = 0, linkname } = entry.header;
    const path = name.replace(/^(\.?\/)+/, "");
    if (type === "symlink" || type === "link") files.push({ path, size: 0, link: linkname ?? "" });
    else if (type !== "directory") files.push({ path, size });
    if (type === "file" && inspector.wants(path)) inspector.take(path, await buffer(entry));
    else entry.resume();
  }
  await fed;
  return files;
}

function assemble({ documents, layers, links }: Entries): Image {
  const document = <T>(name: string): T => {
    const bytes = documents.get(name);
    if (bytes === undefined)
      throw new Error(`image archive: it has no ${name}. Build or load the image again.`);
    return JSON.parse(bytes.toString()) as T;
  };
  const manifest = document<Manifest[]>("manifest.json")[0];
  if (manifest === undefined) throw new Error("image archive: it holds no image. Build or load it again.");
  const { config, rootfs } = document<{ config: Image["config"]; rootfs: { diff_ids: string[] } }>(
    manifest.Config,
  );
  return {
    ref: manifest.RepoTags?.[0] ?? "",
    config: config ?? {},
    layers: manifest.Layers.map((name, index) => {
      const files = layers.get(name) ?? layers.get(links.get(name) ?? "");
      if (files === undefined)
        throw new Error(`image archive: layer ${name} is not in it. Build or load the image again.`);
      return { digest: rootfs.diff_ids[index] ?? "", files };
    }),
  };
}

/** A link's target as a name in the archive: `a/layer.tar` -> `../b/layer.tar` is `b/layer.tar`. */
const resolveLink = (name: string, target: string): string =>
  new URL(target, `file:///${name}`).pathname.slice(1);
