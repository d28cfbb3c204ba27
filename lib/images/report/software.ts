/** Finds software in an image's files while they are read: jars, npm packages, Debian packages. */
import { dirname } from "node:path";
import type { Inspector } from "./archive.ts";
import { jarSoftware } from "./jars.ts";
import { library, purlPart, type Software } from "./model.ts";

const NPM = /(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/;
const DPKG = /^var\/lib\/dpkg\/status(\.d\/[^/]+)?$/;

/** Collects the software that it recognises. */
export function softwareInspector(): Inspector & { found: Software[] } {
  const found: Software[] = [];
  return {
    found,
    wants: (path) => path.endsWith(".jar") || NPM.test(path) || DPKG.test(path),
    take: async (path, content) => {
      const place = `/${path}`;
      if (path.endsWith(".jar")) found.push(...(await jarSoftware(place, content)));
      else if (NPM.test(path)) found.push(...npmSoftware(content.toString("utf8"), place));
      else found.push(...dpkgPackages(content.toString("utf8")).map((one) => debian(one, place)));
    },
  };
}

/** The package that a package.json describes; none if it names no version (a folder's marker, not a package). */
export function npmSoftware(text: string, path: string): Software[] {
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return [];
  }
  const { name: full, version, license } = json;
  if (typeof full !== "string" || typeof version !== "string") return [];
  const [, group, name = full] = /^(@[^/]+)\/(.+)$/.exec(full) ?? [];
  const purl = `pkg:npm/${group === undefined ? "" : `${purlPart(group)}/`}${name}@${purlPart(version)}`;
  const facts = { group, name, version, license: typeof license === "string" ? license : undefined };
  return [library(purl, dirname(path), facts)];
}

export interface DebianPackage {
  name: string;
  version: string;
  architecture: string;
}

/** The packages that dpkg's list says are installed. This machine has such a list, and so does a pulled image. */
export function dpkgPackages(text: string): DebianPackage[] {
  return text.split(/\n\n+/).flatMap((entry) => {
    const value = (key: string) => new RegExp(`^${key}: (.*)$`, "m").exec(entry)?.[1] ?? "";
    const [name, version, architecture] = [value("Package"), value("Version"), value("Architecture")];
    // The lists of distroless images have no status.
    const installed = /^(.* installed)?$/.test(value("Status"));
    return installed && name && version && architecture ? [{ name, version, architecture }] : [];
  });
}

export const debian = ({ name, version, architecture }: DebianPackage, place: string): Software =>
  library(`pkg:deb/debian/${purlPart(name)}@${purlPart(version)}?arch=${architecture}`, place, {
    name,
    version,
  });

/** One entry for each `id`, with all its places and needs. */
export function merge(software: Software[]): Software[] {
  const merged = new Map<string, Software>();
  for (const part of software) {
    const known = merged.get(part.id);
    merged.set(part.id, {
      ...part,
      ...known,
      places: union(known?.places, part.places),
      needs: union(known?.needs, part.needs),
    });
  }
  return [...merged.values()];
}

const union = (a: string[] = [], b: string[]): string[] => [...new Set([...a, ...b])].sort();
