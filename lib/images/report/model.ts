/** What is known of an image, as its parts are told to each other. */

/** A file of a layer; folders are left out. */
export interface LayerFile {
  /** Without a leading slash. */
  path: string;
  /** Bytes; 0 for links. */
  size: number;
  /** Where a link leads; undefined for a file. */
  link?: string;
}

export interface Layer {
  /** Digest of its uncompressed archive: `sha256:…`. */
  digest: string;
  files: LayerFile[];
}

/** An image as its archive holds it. */
export interface Image {
  /** `name:tag`, the first that the archive gives. */
  ref: string;
  layers: Layer[];
  /** What docker runs: the part of the configuration that is the same for same behaviour. */
  config: { Labels?: Record<string, string> | null; [key: string]: unknown };
}

/** Files of an image that belong together: a store path, or a folder of what is in none. */
export interface Group {
  /** `/nix/store/<hash>-<name>`, or a folder like `/etc`. */
  path: string;
  /** The path without store and hash. */
  name: string;
  bytes: number;
  /** Biggest first; what a later layer hides is not among them. */
  files: LayerFile[];
  /** Digest of the layer that its first file is in. */
  layer: string;
}

/** A piece of software in an image. */
export interface Software {
  /** Unique in an image: the package URL, or the store path. */
  id: string;
  type: "library" | "application" | "file" | "framework";
  group?: string;
  name: string;
  version?: string;
  purl?: string;
  cpe?: string;
  sha256?: string;
  license?: string;
  /** Paths in the image that it was found at. */
  places: string[];
  /** The `id`s of what it holds or needs. */
  needs: string[];
  notes?: Record<string, string>;
}

/** Bytes for people, in docker's decimal units. */
export function megabytes(bytes: number): string {
  if (bytes >= 999_500) return `${(bytes / 1e6).toFixed(1)} MB`;
  return bytes >= 9_950 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e3).toFixed(1)} kB`;
}

/** A part of a package URL: percent-encoded, but for colons. */
export const purlPart = (text: string): string => encodeURIComponent(text).replaceAll("%3A", ":");
