/** What is known about an image. */
import { megabytes } from "../../units.ts";

/** A file of a layer; folders are left out. */
export interface LayerFile {
  /** Without a leading slash. */
  path: string;
  /** Bytes; 0 for links. */
  size: number;
  /** A link's target; undefined for a file. */
  link?: string;
}

export interface Image {
  /** `name:tag`, the first one in the archive. */
  ref: string;
  /** With digests of their uncompressed archives: `sha256:…`. */
  layers: { digest: string; files: LayerFile[] }[];
  /** What docker runs: command, environment, labels and so on. */
  config: { Labels?: Record<string, string> | null; [key: string]: unknown };
}

/** Files of an image that belong together: a store path, or a folder outside the store. */
export interface Group {
  /** `/nix/store/<hash>-<name>`, or a folder like `/etc`. */
  path: string;
  /** The path without store and hash. */
  name: string;
  bytes: number;
  /** Biggest first, without those that a later layer hides. */
  files: LayerFile[];
  /** Digest of the layer that its first file is in. */
  layer: string;
}

export interface Software {
  /** Unique in an image: the package URL, the store path, or a jar's path. */
  id: string;
  type: "library" | "application" | "file";
  group?: string | undefined;
  name: string;
  version?: string | undefined;
  purl?: string;
  cpe?: string | undefined;
  sha256?: string;
  license?: string | undefined;
  /** Paths in the image at which it was found. */
  places: string[];
  /** The `id`s of what it contains or needs. */
  needs: string[];
  notes?: Record<string, string>;
}

/** A package that its URL identifies. @param place Where it was found. */
export const library = (
  purl: string,
  place: string,
  facts: Pick<Software, "group" | "name" | "version" | "license">,
): Software => ({ id: purl, type: "library", ...facts, purl, places: [place], needs: [] });

/** Bytes for people, in docker's decimal units. */
export function readableBytes(bytes: number): string {
  if (bytes >= 999_500) return megabytes(bytes);
  return `${(bytes / 1e3).toFixed(bytes >= 9_950 ? 0 : 1)} kB`;
}

/** A part of a package URL: percent-encoded, except for colons. */
export const purlPart = (text: string): string => encodeURIComponent(text).replaceAll("%3A", ":");
