/** Finds software in an image's files, as they go by: jars, npm packages, Debian packages. */
import { dirname } from "node:path";
import type { Inspector } from "./archive.ts";
import { jarSoftware } from "./jars.ts";
import { purlPart, type Software } from "./model.ts";

const NPM = /(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/;
const DPKG = /^var\/lib\/dpkg\/status(\.d\/[^/]+)?$/;

/** An inspector for `readArchive` that gathers what it recognises. */
export function softwareInspector(): Inspector & { found: Software[] } {
  const found: Software[] = [];
  return {
    found,
    wants: (path) => path.endsWith(".jar") || NPM.test(path) || DPKG.test(path),
    take: (path, content) => {
      if (path.endsWith(".jar")) found.push(...jarSoftware(`/${path}`, content));
      else if (DPKG.test(path)) found.push(...debianSoftware(content.toString("utf8"), `/${path}`));
      else found.push(...npmSoftware(content.toString("utf8"), `/${path}`));
    },
  };
}

/** The package that a package.json describes; none where it names no version (a folder's marker, not a package). */
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
  return [
    {
      id: purl,
      type: "library",
      ...(group === undefined ? {} : { group }),
      name,
      version,
      purl,
      ...(typeof license === "string" ? { license } : {}),
      places: [dirname(path)],
      needs: [],
    },
  ];
}

/** The packages that dpkg's own list names as installed: an image that was pulled has one. */
export function debianSoftware(text: string, path: string): Software[] {
  return text.split(/\n\n+/).flatMap((entry) => {
    const value = (key: string) => new RegExp(`^${key}: (.*)$`, "m").exec(entry)?.[1];
    const [name, version, architecture] = [value("Package"), value("Version"), value("Architecture")];
    const installed = value("Status")?.endsWith(" installed") ?? true;
    if (!installed || !name || !version || !architecture) return [];
    return [debian(name, version, architecture, path)];
  });
}

/** A Debian package; `place` is where the image shows it. */
export function debian(name: string, version: string, architecture: string, place: string): Software {
  const purl = `pkg:deb/debian/${purlPart(name)}@${purlPart(version)}?arch=${architecture}`;
  return { id: purl, type: "library", name, version, purl, places: [place], needs: [] };
}

/** One entry for each `id`: its places and needs together. */
export function merge(software: Software[]): Software[] {
  const merged = new Map<string, Software>();
  for (const part of software) {
    const known = merged.get(part.id);
    if (known === undefined) {
      merged.set(part.id, { ...part });
      continue;
    }
    known.places = union(known.places, part.places);
    known.needs = union(known.needs, part.needs);
    if (part.sha256 !== undefined) known.sha256 ??= part.sha256;
  }
  return [...merged.values()];
}

const union = (a: string[], b: string[]): string[] => [...new Set([...a, ...b])].sort();
