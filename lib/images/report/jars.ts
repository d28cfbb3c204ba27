/** The Maven artefacts in a jar: its own, and those that an uber jar was made of. */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { mainAttributes } from "../jar/jarFile.ts";
import { type Entry, withEntries } from "../jar/zip.ts";
import { library, purlPart, type Software } from "./model.ts";

const POM = /^META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/;
/** `postgresql-42.7.4.jar`, as Maven names its files. */
const FILE = /^(?<artifact>.+?)-(?<version>\d[\w.+-]*)\.jar$/;

/**
 * The jar itself, then what is in it; jars in jars are read too.
 *
 * @param path Its path in the image, with the leading slash.
 */
export const jarSoftware = (path: string, content: Buffer): Promise<Software[]> =>
  withEntries(content, (entries) => softwareOf(path, content, entries));

async function softwareOf(path: string, content: Buffer, entries: Entry[]): Promise<Software[]> {
  const sha256 = createHash("sha256").update(content).digest("hex");
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
  const manifest = await entries.find(({ name }) => name === "META-INF/MANIFEST.MF")?.read();
  const jar = fromManifest(path, mainAttributes(manifest?.toString("utf8") ?? ""));
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
