/** Compares what the check of jars assumes with the JDKs of this machine. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { whyUnfit } from "../../lib/images/jar/unfitJar.ts";
import jdkModules from "../../nix/packages/jdk-modules.json" with { type: "json" };
import { setClassRelease } from "../support/jar.ts";
import { execute } from "../support/scratch.ts";
import { zip } from "../support/zip.ts";

const SAMPLE = "sample/back/target/agatha-back.jar";
const JVMS = "/usr/lib/jvm";
const folder = mkdtempSync(join(tmpdir(), "agatha-jar-check-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function well(program: string, ...args: string[]): Promise<string> {
  const { code, output } = await execute(program, args);
  expect(code, output).toBe(0);
  return output;
}

/** The JDKs of the releases that `back.java` accepts, without links to others. */
const jdks = readdirSync(JVMS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(JVMS, entry.name, "release")))
  .map(({ name }) => join(JVMS, name))
  .filter((home) => /^JAVA_VERSION="(17|21|25)\b/m.test(readFileSync(join(home, "release"), "utf8")));

it("knows each of their modules, all that it exports, and nothing that it does not require", async () => {
  expect(jdks.length).toBeGreaterThan(0);
  const known: Record<string, { requires: string; exports: string }> = jdkModules;
  const program = join(folder, "Modules.java");
  writeFileSync(
    program,
    `import java.lang.module.*;
    public class Modules {
      public static void main(String[] args) {
        for (var module : ModuleFinder.ofSystem().findAll()) {
          var name = module.descriptor().name();
          for (var one : module.descriptor().requires()) System.out.println(name + " requires " + one.name());
          for (var one : module.descriptor().exports())
            if (!one.isQualified()) System.out.println(name + " exports " + one.source());
        }
      }
    }`,
  );
  for (const home of jdks) {
    const facts = (await well(join(home, "bin", "java"), program)).trim().split("\n");
    const said = new Set(facts);
    expect(said.size).toBeGreaterThan(200);
    for (const fact of facts) {
      const [module = "", what, name = ""] = fact.split(" ");
      expect(known).toHaveProperty([module]);
      if (what === "exports" && module !== "java.base")
        expect(known[module]?.exports.split(" "), `${home}: ${module}`).toContain(name);
    }
    const there = new Set(facts.map((fact) => fact.split(" ")[0]));
    for (const [module, { requires }] of Object.entries(known))
      for (const name of requires.split(" ").filter(() => there.has(module) && requires !== ""))
        expect(said).toContain(`${module} requires ${name}`);
  }
});

it("accepts the sample's jar, and refuses it with a class for a newer Java", async () => {
  const jar = join(folder, "app.jar");
  cpSync(SAMPLE, jar);
  expect(await whyUnfit(jar, 17, [])).toBeUndefined();
  await setClassRelease(jar, "agatha/sample/Main.class", 21);
  expect(await whyUnfit(jar, 17, [])).toMatch(/compiled for Java 21 \(agatha\/sample\/Main\)/);
  expect(await whyUnfit(jar, 21, [])).toBeUndefined();
});

it("accepts and refuses manifests, and bytes around the archive, as `java -jar` does", async () => {
  const source = join(folder, "P.java");
  writeFileSync(source, "public class P { public static void main(String[] args) {} }");
  await well("javac", "--release", "17", "-d", folder, source);
  const withManifest = (manifest: string) =>
    zip({ "META-INF/MANIFEST.MF": manifest, "P.class": readFileSync(join(folder, "P.class")) });
  const good = withManifest("Manifest-Version: 1.0\nMain-Class: P\n");
  const jars = {
    good,
    "in any case": withManifest("manifest-version: 1.0\nmain-class: P\n"),
    "by CR": withManifest("Manifest-Version: 1.0\rMain-Class: \r P\r"),
    "without a last end of line": withManifest("Manifest-Version: 1.0\nMain-Class: P"),
    "of a part": withManifest("Manifest-Version: 1.0\n\nName: x\nMain-Class: P\n"),
    "after a script": Buffer.concat([Buffer.from("#!/bin/sh\nexec java -jar $0\n"), good]),
    "before junk": Buffer.concat([good, Buffer.from("junk")]),
  };
  const jar = join(folder, "p.jar");
  const passed: string[] = [];
  for (const [name, bytes] of Object.entries(jars)) {
    writeFileSync(jar, bytes);
    const { code } = await execute("java", ["-XX:TieredStopAtLevel=1", "-jar", jar]);
    const why = await whyUnfit(jar, 17, []);
    expect(why === undefined, `${name}: java ends with ${code}, and the check says ${why}`).toBe(code === 0);
    if (code === 0) passed.push(name);
  }
  expect(passed).toEqual(["good", "in any case", "by CR", "after a script"]);
});
