/** Where an image's bytes go, and how many of them are wasted. */
import type { Group, Image, LayerFile } from "./model.ts";

/** A file of this name takes away, of the layers below, the file with its name's rest; `.wh..wh..opq` a whole folder's. */
const WHITEOUT = /^(?<folder>(?:.*\/)?)\.wh\.(?<name>[^/]+)$/;
const OPAQUE = ".wh..opq";

export interface Efficiency {
  /** 1 where no layer hides or repeats what one below it has. */
  score: number;
  /** Bytes that another layer hides, repeats or removes. */
  wasted: number;
}

/**
 * As `dive` counts it: per path, its smallest size in any layer against the sum of its sizes in all; a removed path's
 * smallest size is 0. Of a removed folder each file counts, where dive leaves them out: so this is never the better score.
 */
export function efficiency({ layers }: Image): Efficiency {
  const sizes = new Map<string, { smallest: number; sum: number }>();
  const count = (path: string, size: number) => {
    const known = sizes.get(path);
    if (known === undefined) sizes.set(path, { smallest: size, sum: size });
    else sizes.set(path, { smallest: Math.min(known.smallest, size), sum: known.sum + size });
  };
  for (const { files } of layers) {
    // What this layer takes away is of the layers below it.
    const below = [...sizes.keys()];
    for (const { path, size } of files) {
      if (WHITEOUT.test(path)) for (const gone of hiddenBy(path, below)) count(gone, 0);
      else count(path, size);
    }
  }
  const all = [...sizes.values()];
  const total = all.reduce((bytes, { sum }) => bytes + sum, 0);
  const needed = all.reduce((bytes, { smallest }) => bytes + smallest, 0);
  return { score: total === 0 ? 1 : needed / total, wasted: total - needed };
}

/** The paths among `paths` that a whiteout takes away. */
function hiddenBy(whiteout: string, paths: Iterable<string>): string[] {
  const { folder = "", name = "" } = WHITEOUT.exec(whiteout)?.groups ?? {};
  const gone = name === OPAQUE ? folder : `${folder}${name}`;
  const hides = (path: string) =>
    name === OPAQUE ? path.startsWith(gone) : path === gone || path.startsWith(`${gone}/`);
  return [...paths].filter(hides);
}

/** The files that a container sees, with the digest of the layer each comes from. */
export function visibleFiles({ layers }: Image): (LayerFile & { layer: string })[] {
  const visible = new Map<string, LayerFile & { layer: string }>();
  for (const { digest, files } of layers) {
    for (const { path } of files)
      if (WHITEOUT.test(path)) for (const gone of hiddenBy(path, visible.keys())) visible.delete(gone);
    for (const file of files)
      if (!WHITEOUT.test(file.path)) visible.set(file.path, { ...file, layer: digest });
  }
  return [...visible.values()];
}

/** The sum of the files of all layers, which is what docker reports as size. */
export const layerBytes = ({ layers }: Pick<Image, "layers">): number =>
  layers.reduce((sum, { files }) => sum + files.reduce((bytes, { size }) => bytes + size, 0), 0);

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
  const all = [...found.values()];
  for (const group of all) group.files.sort((a, b) => b.size - a.size || compare(a.path, b.path));
  return all.sort((a, b) => b.bytes - a.bytes || compare(a.path, b.path));
}

/** The store path that a file is of; of what is in none, its folder, two steps down at most. */
export function groupOf(path: string): string {
  const parts = path.split("/");
  if (parts[0] === "nix" && parts[1] === "store" && parts.length > 2) return `/nix/store/${parts[2]}`;
  return `/${parts.slice(0, Math.min(2, parts.length - 1)).join("/")}`;
}

/** A store path without store and hash; any other path as it is. */
export const nameOf = (path: string): string => path.replace(/^\/nix\/store\/[0-9a-z]{32}-/, "");

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
