/** What `java -jar` would find in a jar: its manifest and its classes, those of Spring Boot's nested jars too. */
import { zipEntries } from "./zip.ts";

export interface JarClass {
  /** `org/x/Y`. */
  name: string;
  /** Where it is, for people: `org/x/Y`, with the nested jar before it. */
  place: string;
  read(): Buffer;
}

export interface JarFile {
  /** Main attributes of the manifest, by their names in lower case; undefined where there is no manifest. */
  manifest: Map<string, string> | undefined;
  classes: JarClass[];
}

/** Jars in a jar that Spring Boot's launchers put on the class path. */
const NESTED = /^(BOOT-INF|WEB-INF)\/lib(-provided)?\/[^/]+\.jar$/;
/** Folders whose classes are in no package of that name. */
const FOLDERS = /^(BOOT-INF|WEB-INF)\/classes\//;
const VERSION = /^META-INF\/versions\/(\d+)\//;

/** @param java The release that is to run it: it decides which of a class's versions counts. */
export function readJar(bytes: Buffer, java: number, within = ""): JarFile {
  const entries = [...zipEntries(bytes)];
  const entry = entries.find(({ name }) => name === "META-INF/MANIFEST.MF");
  const manifest = entry && mainAttributes(entry.read().toString("utf8"));
  const versioned = manifest?.get("multi-release")?.toLowerCase() === "true";
  const own = new Map<string, JarClass & { version: number }>();
  const nested: JarClass[] = [];
  for (const { name: path, read } of entries) {
    if (NESTED.test(path)) {
      const inner = path.slice(path.lastIndexOf("/") + 1);
      nested.push(...readJar(read(), java, `${inner}: `).classes);
    }
    if (!path.endsWith(".class") || path.endsWith("module-info.class")) continue;
    const version = Number(VERSION.exec(path)?.[1] ?? 0);
    if (version > 0 && (!versioned || version > java)) continue;
    const name = path.replace(VERSION, "").replace(FOLDERS, "").slice(0, -".class".length);
    const known = own.get(name);
    if (known === undefined || known.version <= version)
      own.set(name, { name, place: `${within}${path.slice(0, -".class".length)}`, read, version });
  }
  return { manifest, classes: [...own.values(), ...nested] };
}

/**
 * The main attributes of a manifest as Java reads them: names in any case, lines that end in CR, LF or both, a line that
 * begins with a blank goes on with the one before; up to the first empty line, and without a last line that does not end.
 */
export function mainAttributes(text: string): Map<string, string> {
  const lines = text
    .replace(/\r\n|\r/g, "\n")
    .replace(/\n /g, "")
    .split("\n")
    .slice(0, -1);
  const end = lines.indexOf("");
  const main = end < 0 ? lines : lines.slice(0, end);
  return new Map(
    main.flatMap((line) => {
      const [, name = "", value = ""] = /^([^:]+): (.*)$/.exec(line) ?? [];
      return name === "" ? [] : [[name.toLowerCase(), value.trim()] as const];
    }),
  );
}
