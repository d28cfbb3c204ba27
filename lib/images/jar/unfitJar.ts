/** Refuses a jar that could not run in its image, before anything is built. */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import jdkModules from "../../../nix/packages/jdk-modules.json" with { type: "json" };
import always from "../../../nix/packages/jre-modules.json" with { type: "json" };
import type { Config } from "../../config/schema.ts";
import { UserError } from "../../userError.ts";
import { isClassFile, packagesOf, releaseOf } from "./classFile.ts";
import { type JarFile, readJar } from "./jarFile.ts";

/** Modules of the JDK's releases that can be chosen: what all of them require, and what any of them exports. */
const jdk: Record<string, { requires: string; exports: string }> = jdkModules;
const words = (text: string): string[] => text.split(" ").filter(Boolean);

/** @throws UserError in a sentence, with what to change. A jar that is not there is Nix's to name. */
export function refuseUnfitJar({ back }: Pick<Config, "back">): void {
  if (!existsSync(back.jar)) return;
  const why = whyUnfit(back.jar, back.java, back.modules);
  if (why !== undefined) throw new UserError(why);
}

/** @param modules Those of `back.modules`, beside what every JRE has. */
export function whyUnfit(path: string, java: number, modules: string[]): string | undefined {
  const where = `agatha:back.jar: "${path}"`;
  try {
    const jar = readJar(readFileSync(path), java);
    return withoutMain(jar, path, where) ?? unfitClass(jar, java, modules);
  } catch (error) {
    return `${where} cannot be read (${(error as Error).message}). Build it again, or point back.jar at an uber jar.`;
  }
}

function withoutMain({ manifest, classes }: JarFile, path: string, where: string): string | undefined {
  const uber = "Point back.jar at an uber jar that `java -jar` can run";
  if (manifest === undefined && classes.length === 0) return `${where} is no jar. ${uber}.`;
  const main = manifest?.get("main-class");
  if (!main) return `${where} names no Main-Class in its manifest. ${uber}.`;
  const own = new Set(classes.map(({ name }) => name));
  const entry = classes.find(({ name }) => name === main.replaceAll(".", "/"));
  const beside = words(manifest?.get("class-path") ?? "");
  const alone =
    "Only the jar itself is packaged: build one that holds its libraries (Quarkus: quarkus.package.jar.type=uber-jar)";
  if (entry === undefined || !isClassFile(entry.read()))
    return `${where} holds no class ${main}, its manifest's Main-Class. ${beside.length > 0 ? alone : uber}.`;
  const lacking = beside.find((file) => isMissing(join(dirname(path), file), own));
  return lacking && `${where} needs ${lacking} beside it, by its manifest's Class-Path. ${alone}.`;
}

/** Whether a file of a class path is there, and none of its classes is in the jar. */
function isMissing(file: string, own: Set<string>): boolean {
  if (!file.endsWith(".jar") || !existsSync(file)) return false;
  const { classes } = readJar(readFileSync(file), 0);
  return classes.length > 0 && !classes.some(({ name }) => own.has(name));
}

/** One pass, since a large jar has tens of thousands of classes: for a newer Java, or with packages that the JRE lacks. */
function unfitClass({ classes }: JarFile, java: number, modules: string[]): string | undefined {
  const lacks = lackedPackages(modules);
  const mentions = new RegExp(`(?:${[...lacks.keys()].join("|")})/`);
  const own = new Set(classes.map(({ name }) => name.slice(0, Math.max(0, name.lastIndexOf("/")))));
  const needed = new Map<string, string>();
  let newest = { release: java, place: "" };
  for (const { place, read } of classes) {
    const bytes = read();
    // Templates and encrypted classes bear such names too; Java never loads them.
    if (!isClassFile(bytes)) continue;
    const release = releaseOf(bytes);
    if (release > newest.release) newest = { release, place };
    // To look for names in all of it is quicker than to read what they stand for.
    if (!mentions.test(bytes.toString("latin1"))) continue;
    for (const name of packagesOf(bytes)) {
      const module = lacks.get(name);
      // A package of the jar's own is not the JDK's.
      if (module !== undefined && !own.has(name) && !needed.has(module)) needed.set(module, place);
    }
  }
  return forNewerJava(newest, java) ?? lackingModules(needed, modules);
}

function forNewerJava({ release, place }: { release: number; place: string }, java: number) {
  if (release === java) return undefined;
  return `agatha:back.jar: the jar is compiled for Java ${release} (${place}), which Java ${java} cannot run. Set back.java to ${release}, or compile the jar for Java ${java}.`;
}

/** @param needed Modules, each with a class that needs it. */
function lackingModules(needed: Map<string, string>, modules: string[]): string | undefined {
  if (needed.size === 0) return undefined;
  const by = [...needed].map(([module, place]) => `${module} (${place})`).sort();
  const list = JSON.stringify([...new Set([...modules, ...[...needed.keys()].sort()])]);
  return `agatha:back.modules: the jar needs ${by.join(", ")}, which the JRE lacks. Write back.modules: ${list}.`;
}

/** Packages that the JRE lacks, `java/rmi`, each with its module. */
function lackedPackages(modules: string[]): Map<string, string> {
  const has = linked([...always, ...modules]);
  // Incubating modules are used if they are there, and are found only with --add-modules.
  const lacked = Object.entries(jdk).filter(
    ([module]) => !has.has(module) && !module.startsWith("jdk.incubator."),
  );
  return new Map(
    lacked.flatMap(([module, { exports }]) =>
      words(exports).map((name) => [name.replaceAll(".", "/"), module]),
    ),
  );
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
