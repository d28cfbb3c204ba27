/** Refuses a jar that could not run in its image, before anything is built. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import jdkModules from "../../../nix/packages/jdk-modules.json" with { type: "json" };
import always from "../../../nix/packages/jre-modules.json" with { type: "json" };
import type { Config } from "../../config/schema.ts";
import { UserError } from "../../userError.ts";
import { isClassFile, packagesOf, releaseOf } from "./classFile.ts";
import { type JarClass, readJar } from "./jarFile.ts";

/** Modules of the JDK's releases that can be chosen: what all of them require, and what any of them exports. */
const jdk: Record<string, { requires: string; exports: string }> = jdkModules;
const words = (text: string): string[] => text.split(" ").filter(Boolean);

/** What matters of a jar's classes. */
interface Classes {
  /** Names, `org/x/Y`, and whether the file is a class: templates and encrypted classes bear such names too. */
  names: Map<string, boolean>;
  newest: { release: number; place: string };
  /** Packages of the JDK that the JRE lacks and classes name, each with the first class that names it. */
  lacked: Map<string, string>;
}

/** @throws UserError if the jar could not run, with the fix. A jar that does not exist is left to Nix. */
export async function refuseUnfitJar({ back }: Pick<Config, "back">): Promise<void> {
  const why = existsSync(back.jar) ? await whyUnfit(back.jar, back.java, back.modules) : undefined;
  if (why !== undefined) throw new UserError(why);
}

/** @param modules Those of `back.modules`, in addition to what every JRE has. */
export async function whyUnfit(path: string, java: number, modules: string[]): Promise<string | undefined> {
  const lacks = lackedPackages(modules);
  const classes: Classes = { names: new Map(), newest: { release: java, place: "" }, lacked: new Map() };
  try {
    const manifest = await readJar(path, java, lookAt(classes, lacks));
    const why = await withoutMain(manifest, classes, path);
    if (why !== undefined) return `agatha:back.jar: "${path}" ${why}.`;
    return forNewerJava(classes.newest, java) ?? lackingModules(classes, lacks, modules);
  } catch (error) {
    return `agatha:back.jar: "${path}" cannot be read (${(error as Error).message}). Build it again, or point back.jar at an uber jar.`;
  }
}

/** One pass, since a large jar has tens of thousands of classes. */
function lookAt({ names, newest, lacked }: Classes, lacks: Map<string, string>) {
  const mentions = new RegExp(`(?:${[...lacks.keys()].join("|")})/`);
  return async ({ name, place, read }: JarClass): Promise<void> => {
    const bytes = await read();
    names.set(name, isClassFile(bytes) || names.get(name) === true);
    if (!isClassFile(bytes)) return;
    const release = releaseOf(bytes);
    if (release > newest.release) Object.assign(newest, { release, place });
    // Searching the bytes for names is faster than parsing what they stand for.
    if (!mentions.test(bytes.toString("latin1"))) return;
    for (const used of packagesOf(bytes)) if (lacks.has(used) && !lacked.has(used)) lacked.set(used, place);
  };
}

/** Why `java -jar` would not find all classes, and the fix. */
async function withoutMain(
  manifest: Map<string, string> | undefined,
  { names }: Classes,
  path: string,
): Promise<string | undefined> {
  const uber = "Point back.jar at an uber jar that `java -jar` can run";
  if (manifest === undefined && names.size === 0) return `is no jar. ${uber}`;
  const main = manifest?.get("main-class");
  if (!main) return `names no Main-Class in its manifest. ${uber}`;
  const beside = words(manifest?.get("class-path") ?? "");
  const alone =
    "Only the jar itself is packaged: build one that holds its libraries (Quarkus: quarkus.package.jar.type=uber-jar)";
  if (!names.get(main.replaceAll(".", "/")))
    return `holds no class ${main}, its manifest's Main-Class. ${beside.length > 0 ? alone : uber}`;
  for (const file of beside)
    if (await isMissing(join(dirname(path), file), names))
      return `needs ${file} beside it, by its manifest's Class-Path. ${alone}`;
  return undefined;
}

/** Whether a file of the class path exists, and the jar holds none of its classes. */
async function isMissing(file: string, names: Map<string, boolean>): Promise<boolean> {
  if (!file.endsWith(".jar") || !existsSync(file)) return false;
  const own: string[] = [];
  await readJar(file, 0, ({ name }) => void own.push(name));
  return own.length > 0 && !own.some((name) => names.has(name));
}

function forNewerJava({ release, place }: { release: number; place: string }, java: number) {
  if (release === java) return undefined;
  return `agatha:back.jar: the jar is compiled for Java ${release} (${place}), which Java ${java} cannot run. Set back.java to ${release}, or compile the jar for Java ${java}.`;
}

function lackingModules({ names, lacked }: Classes, lacks: Map<string, string>, modules: string[]) {
  // A package of the jar's own is not the JDK's.
  const own = new Set([...names.keys()].map((name) => dirname(name)));
  const needed = new Map<string, string>();
  for (const [name, place] of lacked) {
    const module = lacks.get(name) as string;
    if (!own.has(name) && !needed.has(module)) needed.set(module, place);
  }
  if (needed.size === 0) return undefined;
  const by = [...needed].map(([module, place]) => `${module} (${place})`).sort();
  const list = JSON.stringify([...new Set([...modules, ...[...needed.keys()].sort()])]);
  return `agatha:back.modules: the jar needs ${by.join(", ")}, which the JRE lacks. Write back.modules: ${list}.`;
}

/** Packages that the JRE lacks, `java/rmi`, each with its module. */
function lackedPackages(modules: string[]): Map<string, string> {
  const has = linked([...always, ...modules]);
  const lacked = new Map<string, string>();
  // Incubating modules are used if they are there, and are found only with --add-modules.
  for (const [module, { exports }] of Object.entries(jdk))
    if (!has.has(module) && !module.startsWith("jdk.incubator."))
      for (const name of words(exports)) lacked.set(name.replaceAll(".", "/"), module);
  return lacked;
}

/** As jlink links them: with the modules that those need themselves. */
function linked(modules: string[], seen = new Set<string>()): Set<string> {
  for (const module of modules) {
    if (seen.has(module)) continue;
    seen.add(module);
    linked(words(jdk[module]?.requires ?? ""), seen);
  }
  return seen;
}
