/** The Maven artefacts in a jar: its own, and those that went into an uber jar. */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { purlPart, type Software } from "./model.ts";
import { readZip } from "./zip.ts";

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
  const parts = readZip(content, (name) => POM.test(name) || name === MANIFEST || name.endsWith(".jar"));
  const sha256 = createHash("sha256").update(content).digest("hex");
  const inside: Software[] = [];
  for (const [name, bytes] of parts) {
    if (POM.test(name)) inside.push(...fromPom(bytes.toString("utf8"), path));
    if (name.endsWith(".jar")) inside.push(...jarSoftware(`${path}!/${name}`, bytes));
  }
  const own = inside.find(({ name, version }) => basename(path) === `${name}-${version}.jar`);
  if (own !== undefined) {
    own.sha256 = sha256;
    own.needs = inside.filter(({ id }) => id !== own.id).map(({ id }) => id);
    return inside;
  }
  const jar = fromManifest(path, parts.get(MANIFEST)?.toString("utf8") ?? "");
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
function fromManifest(path: string, manifest: string): Software {
  const attributes = manifestAttributes(manifest);
  const { artifact, version } = FILE.exec(basename(path))?.groups ?? {};
  const group =
    attributes["Implementation-Vendor-Id"] ?? attributes["Bundle-SymbolicName"]?.replace(/\.[^.]*$/, "");
  if (artifact !== undefined && version !== undefined && group?.includes("."))
    return {
      ...maven(group, artifact, version, path),
      notes: { "agatha:coordinates": "guessed from manifest and file name" },
    };
  const stated = attributes["Implementation-Version"] ?? attributes["Bundle-Version"] ?? version;
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

/** Long values go on in lines that begin with a blank. */
function manifestAttributes(text: string): Record<string, string> {
  const lines = text.replace(/\r?\n /g, "").split(/\r?\n/);
  return Object.fromEntries(
    lines.filter((line) => line.includes(": ")).map((line) => line.split(/: (.*)/s, 2) as [string, string]),
  );
}
