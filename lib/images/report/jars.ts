/** The Maven artefacts in a jar: its own, and those that went into an uber jar. */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { mainAttributes } from "../jar/jarFile.ts";
import { zipEntries } from "../jar/zip.ts";
import { purlPart, type Software } from "./model.ts";

const POM = /^META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/;
const MANIFEST = "META-INF/MANIFEST.MF";
/** `postgresql-42.7.4.jar`, as Maven names its files. */
const FILE = /^(?<artifact>.+?)-(?<version>\d[\w.+-]*)\.jar$/;

/**
 * The jar itself, then what is in it; jars in jars are read too.
 *
 * @param path Its path in the image, with the leading slash.
 */
export function jarSoftware(path: string, content: Buffer): Software[] {
  const wanted = (name: string) => POM.test(name) || name === MANIFEST || name.endsWith(".jar");
  const parts = [...zipEntries(content)].filter(({ name }) => wanted(name));
  const sha256 = createHash("sha256").update(content).digest("hex");
  const inside: Software[] = [];
  for (const { name, read } of parts) {
    if (POM.test(name)) inside.push(...fromPom(read().toString("utf8"), path));
    if (name.endsWith(".jar")) inside.push(...jarSoftware(`${path}!/${name}`, read()));
  }
  const own = inside.find(({ name, version }) => basename(path) === `${name}-${version}.jar`);
  if (own !== undefined) {
    own.sha256 = sha256;
    own.needs = inside.filter(({ id }) => id !== own.id).map(({ id }) => id);
    return inside;
  }
  const manifest =
    parts
      .find(({ name }) => name === MANIFEST)
      ?.read()
      .toString("utf8") ?? "";
  const jar = fromManifest(path, mainAttributes(manifest));
  return [{ ...jar, sha256, needs: inside.map(({ id }) => id) }, ...inside];
}

function fromPom(text: string, place: string): Software[] {
  const value = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(text)?.[1]?.trim();
  const [group, name, version] = [value("groupId"), value("artifactId"), value("version")];
  if (!group || !name || !version) return [];
  return [maven(group, name, version, place)];
}

function maven(group: string, name: string, version: string, place: string): Software {
  const purl = `pkg:maven/${group}/${purlPart(name)}@${purlPart(version)}`;
  return { id: purl, type: "library", group, name, version, purl, places: [place], needs: [] };
}

/** A jar without Maven's own words: by its file name and manifest, where those tell; else a file of that name. */
function fromManifest(path: string, attributes: Map<string, string>): Software {
  const { artifact, version } = FILE.exec(basename(path))?.groups ?? {};
  const group =
    attributes.get("implementation-vendor-id") ??
    attributes.get("bundle-symbolicname")?.replace(/\.[^.]*$/, "");
  if (artifact !== undefined && version !== undefined && group?.includes("."))
    return {
      ...maven(group, artifact, version, path),
      notes: { "agatha:coordinates": "guessed from manifest and file name" },
    };
  const stated = attributes.get("implementation-version") ?? attributes.get("bundle-version") ?? version;
  const name = basename(path);
  return {
    id: path,
    type: "file",
    name,
    ...(stated === undefined ? {} : { version: stated }),
    places: [path],
    needs: [],
  };
}
