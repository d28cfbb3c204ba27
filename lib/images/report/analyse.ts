/** Where an image's bytes go, and how many of them are wasted. */
import type { Group, Image, LayerFile } from "./model.ts";

/** A file of this name removes a file of the layers below, or with the name `.wh..wh..opq` a folder's whole content. */
const WHITEOUT = /^(?<folder>(?:.*\/)?)\.wh\.(?<name>[^/]+)$/;
const OPAQUE = ".wh..opq";

interface Path {
  /** Its smallest size in any layer; 0 if a layer removes it. */
  smallest: number;
  /** The sum of its sizes in all layers. */
  sum: number;
  /** What a container sees of it, with the digest of the layer; undefined if nothing. */
  visible: (LayerFile & { layer: string }) | undefined;
}

/** All paths of an image, from the lowest layer up. A layer's whiteouts remove files of the layers below it only. */
function pathsOf({ layers }: Image): Map<string, Path> {
  const paths = new Map<string, Path>();
  for (const { digest, files } of layers) {
    for (const { path } of files) remove(path, paths);
    for (const file of files.filter(({ path }) => !WHITEOUT.test(path))) {
      const { smallest = file.size, sum = 0 } = paths.get(file.path) ?? {};
      paths.set(file.path, {
        smallest: Math.min(smallest, file.size),
        sum: sum + file.size,
        visible: { ...file, layer: digest },
      });
    }
  }
  return paths;
}

function remove(whiteout: string, paths: Map<string, Path>): void {
  const { folder = "", name } = WHITEOUT.exec(whiteout)?.groups ?? {};
  if (name === undefined) return;
  const removed = name === OPAQUE ? folder : `${folder}${name}/`;
  for (const [path, entry] of paths)
    if (`${path}/`.startsWith(removed)) Object.assign(entry, { smallest: 0, visible: undefined });
}

/**
 * As `dive` counts it: per path, its smallest size against the sum of its sizes. Of a removed folder each file counts,
 * which dive leaves out; so this score is never the better one.
 *
 * @returns The score, 1 if no layer hides or repeats what a layer below it has, and the bytes that are wasted.
 */
export function efficiency(image: Image): { score: number; wasted: number } {
  const paths = [...pathsOf(image).values()];
  const total = paths.reduce((bytes, { sum }) => bytes + sum, 0);
  const needed = paths.reduce((bytes, { smallest }) => bytes + smallest, 0);
  return { score: total === 0 ? 1 : needed / total, wasted: total - needed };
}

/** The files that a container sees, with the digest of the layer that each comes from. */
export const visibleFiles = (image: Image): (LayerFile & { layer: string })[] =>
  [...pathsOf(image).values()].flatMap(({ visible }) => visible ?? []);

/** The sum of the files of all layers, which docker reports as size. */
export const layerBytes = ({ layers }: Pick<Image, "layers">): number =>
  layers.flatMap(({ files }) => files).reduce((sum, { size }) => sum + size, 0);

/** What the image's files belong to, biggest first. */
export function groups(image: Image): Group[] {
  const found = new Map<string, Group>();
  for (const { layer, ...file } of visibleFiles(image)) {
    const path = groupOf(file.path);
    const group = found.get(path) ?? { path, name: nameOf(path), bytes: 0, files: [], layer };
    found.set(path, group);
    group.bytes += file.size;
    group.files.push(file);
  }
  for (const { files } of found.values()) files.sort((a, b) => b.size - a.size || (a.path < b.path ? -1 : 1));
  return [...found.values()].sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1));
}

/** The store path that a file is part of. Outside the store, its folder, at most two levels deep. */
export function groupOf(path: string): string {
  const parts = path.split("/");
  if (parts[0] === "nix" && parts[1] === "store" && parts.length > 2) return `/nix/store/${parts[2]}`;
  return `/${parts.slice(0, Math.min(2, parts.length - 1)).join("/")}`;
}

/** A store path without store and hash; any other path unchanged. */
export const nameOf = (path: string): string => path.replace(/^\/nix\/store\/[0-9a-z]{32}-/, "");
