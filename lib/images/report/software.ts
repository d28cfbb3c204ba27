/** Finds software in an image's files while they are read: jars, npm packages, Debian packages. */
import { hash } from "node:crypto";
import { basename, dirname } from "node:path";
import { mainAttributes } from "../jar/jarFile.ts";
import { type Entry, withEntries } from "../jar/zip.ts";
import type { Inspector } from "./archive.ts";
import { library, purlPart, type Software } from "./model.ts";

const POM = /^META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/;
/** `postgresql-42.7.4.jar`, as Maven names its files. */
const FILE = /^(?<artifact>.+?)-(?<version>\d[\w.+-]*)\.jar$/;
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

/** The Maven artefacts in a jar, first its own; jars in jars are read too. @param path In the image, with the leading slash. */
export const jarSoftware = (path: string, content: Buffer): Promise<Software[]> =>
  withEntries(content, (entries) => softwareOf(path, content, entries));

async function softwareOf(path: string, content: Buffer, entries: Entry[]): Promise<Software[]> {
  const sha256 = hash("sha256", content);
  const inside: Software[] = [];
  for (const { name, read } of entries) {
    if (POM.test(name)) inside.push(...fromPom((await read()).toString("utf8"), path));
    if (name.endsWith(".jar")) inside.push(...(await jarSoftware(`${path}!/${name}`, await read())));
  }
  const own = inside.find(({ name, version }) => basename(path) === `${name}-${version}.jar`);
  if (own !== undefined) {
    own.sha256 = sha256;
    own.needs = inside.filter(({ id }) => id !== own.id).map(({ id }) => id);
    return inside;
  }
  const jar = fromManifest(path, (await mainAttributes(entries)) ?? new Map());
  return [{ ...jar, sha256, needs: inside.map(({ id }) => id) }, ...inside];
}

function fromPom(text: string, place: string): Software[] {
  const value = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(text)?.[1]?.trim();
  const [group, name, version] = [value("groupId"), value("artifactId"), value("version")];
  return group && name && version ? [maven(group, name, version, place)] : [];
}

const maven = (group: string, name: string, version: string, place: string): Software =>
  library(`pkg:maven/${group}/${purlPart(name)}@${purlPart(version)}`, place, { group, name, version });

/** A jar without Maven's properties: an artefact by file name and manifest if they suffice, else a file. */
function fromManifest(path: string, attributes: Map<string, string>): Software {
  const name = basename(path);
  const { artifact, version } = FILE.exec(name)?.groups ?? {};
  const group =
    attributes.get("implementation-vendor-id") ??
    attributes.get("bundle-symbolicname")?.replace(/\.[^.]*$/, "");
  if (artifact !== undefined && version !== undefined && group?.includes("."))
    return {
      ...maven(group, artifact, version, path),
      notes: { "agatha:coordinates": "guessed from manifest and file name" },
    };
  const stated = attributes.get("implementation-version") ?? attributes.get("bundle-version") ?? version;
  return { id: path, type: "file", name, version: stated, places: [path], needs: [] };
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
  const scope = group === undefined ? "" : `${purlPart(group)}/`;
  const facts = { group, name, version, license: typeof license === "string" ? license : undefined };
  return [library(`pkg:npm/${scope}${name}@${purlPart(version)}`, dirname(path), facts)];
}

export type DebianPackage = Record<"name" | "version" | "architecture", string>;

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
    const known = merged.get(part.id) ?? part;
    const union = (of: "places" | "needs") => [...new Set([...known[of], ...part[of]])].sort();
    merged.set(part.id, { ...part, ...known, places: union("places"), needs: union("needs") });
  }
  return [...merged.values()];
}
