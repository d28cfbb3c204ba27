/** What `java -jar` would find in a jar: its manifest and its classes, those of Spring Boot's nested jars too. */
import { type Entry, withEntries } from "./zip.ts";

export interface JarClass extends Pick<Entry, "read"> {
  /** `org/x/Y`. */
  name: string;
  /** The class as messages name it: `BOOT-INF/classes/org/x/Y`, or `x-1.jar: org/x/Y`. */
  place: string;
}

/** Jars in a jar that Spring Boot's launchers put on the class path. */
const NESTED = /^(BOOT-INF|WEB-INF)\/lib(-provided)?\/[^/]+\.jar$/;
/** Folders whose classes are in no package of that name. */
const FOLDERS = /^(BOOT-INF|WEB-INF)\/classes\//;
const VERSION = /^META-INF\/versions\/(\d+)\//;

/**
 * Of a large jar, only its directory and one nested jar at a time are in memory.
 *
 * @param java The release that is to run it. It decides which of a class's versions counts.
 * @param visit Is given each class, and has to read it before it returns.
 * @returns What `mainAttributes` gives.
 */
export async function readJar(
  jar: string | Buffer,
  java: number,
  visit: (found: JarClass) => Promise<void> | void,
  within = "",
): Promise<Map<string, string> | undefined> {
  return withEntries(jar, async (entries) => {
    const attributes = await mainAttributes(entries);
    const versioned = attributes?.get("multi-release")?.toLowerCase() === "true";
    for (const found of ownClasses(entries, versioned ? java : 0, within)) await visit(found);
    for (const { name, read } of entries)
      if (NESTED.test(name))
        await readJar(await read(), java, visit, `${name.slice(name.lastIndexOf("/") + 1)}: `);
    return attributes;
  });
}

/** The classes of a jar, each in its newest version up to `newest`; of one version, the last file counts. */
function ownClasses(entries: Entry[], newest: number, within: string): Iterable<JarClass> {
  const classes = new Map<string, JarClass & { version: number }>();
  for (const { name: path, read } of entries) {
    const version = Number(VERSION.exec(path)?.[1] ?? 0);
    if (!path.endsWith(".class") || path.endsWith("module-info.class") || version > newest) continue;
    const plain = path.slice(0, -".class".length);
    const name = plain.replace(VERSION, "").replace(FOLDERS, "");
    if (version >= (classes.get(name)?.version ?? 0))
      classes.set(name, { name, place: `${within}${plain}`, read, version });
  }
  return classes.values();
}

/**
 * The main attributes of a jar's manifest as Java reads them, by their names in lower case; undefined without a manifest. Lines
 * end in CR, LF or both; one that begins with a blank continues the line before. The first empty line ends the main attributes,
 * and a last line without an end is ignored.
 */
export async function mainAttributes(entries: Entry[]): Promise<Map<string, string> | undefined> {
  const manifest = await entries.find(({ name }) => name === "META-INF/MANIFEST.MF")?.read();
  if (manifest === undefined) return undefined;
  const joined = manifest.toString("utf8").replace(/\r\n?/g, "\n").replace(/\n /g, "");
  const [main = ""] = /^(?:[^\n]+\n)*/.exec(joined) ?? [];
  const attributes = main.matchAll(/^([^:\n]+): (.*)$/gm);
  return new Map([...attributes].map(([, name = "", value = ""]) => [name.toLowerCase(), value.trim()]));
}
