/** Why jars are refused, with jars made here. integration/jar.test.ts checks that `java -jar` reads them the same way. */
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { refuseUnfitJar, whyUnfit } from "../../../lib/images/jar/unfitJar.ts";
import { type ClassFile, classFile } from "../../support/classFile.ts";
import { zip, zip64 } from "../../support/zip.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-unfit-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MANIFEST = "Manifest-Version: 1.0\r\nMain-Class: app.Main\r\n";
const main = (content: ClassFile = {}) => ({ "app/Main.class": classFile(content) });

/** Why a jar is refused, with `app.jar` for its path. */
async function why(entries: Record<string, string | Buffer>, java = 17, modules: string[] = []) {
  return whyBytes(zip(entries), java, modules);
}
async function whyBytes(bytes: string | Buffer, java = 17, modules: string[] = []) {
  const path = join(folder, "app.jar");
  writeFileSync(path, bytes);
  return (await whyUnfit(path, java, modules))?.replace(path, "app.jar");
}
const refused = (content: ClassFile, modules?: string[]) =>
  why({ "META-INF/MANIFEST.MF": MANIFEST, ...main(content) }, 17, modules);

describe("a manifest is read as Java reads it:", () => {
  it.each([
    ["names in any case", "MANIFEST-VERSION: 1.0\nmain-class: app.Main\n"],
    ["lines that end in LF", "Manifest-Version: 1.0\nMain-Class: app.Main\n"],
    ["lines that end in CR", "Manifest-Version: 1.0\rMain-Class: app.Main\r"],
    ["a line that goes on in the next", "Manifest-Version: 1.0\r\nMain-Class: app\r\n .Main\r\n"],
    ["blanks around a value", "Manifest-Version: 1.0\nMain-Class:   app.Main  \n"],
  ])("%s", async (_, manifest) => {
    expect(await why({ "META-INF/MANIFEST.MF": manifest, ...main() })).toBeUndefined();
  });

  it.each([
    ["a last line that does not end", "Manifest-Version: 1.0\nMain-Class: app.Main"],
    ["what is about a part of the jar", "Manifest-Version: 1.0\n\nName: app\nMain-Class: app.Main\n"],
    ["no such line", "Manifest-Version: 1.0\n"],
  ])("without %s", async (_, manifest) => {
    expect(await why({ "META-INF/MANIFEST.MF": manifest, ...main() })).toBe(
      'agatha:back.jar: "app.jar" names no Main-Class in its manifest. Point back.jar at an uber jar that `java -jar` can run.',
    );
  });
});

describe("a jar is read", () => {
  const entries = { "META-INF/MANIFEST.MF": MANIFEST, ...main() };

  it("with a comment at its end, in the directory, and with names that are not ASCII", async () => {
    const named = zip({ "übung/Ü.class": classFile({}), ...entries });
    const [comment, length] = [Buffer.from("built by PK\x01\x02"), named.length - 2];
    named.writeUInt16LE(comment.length, length);
    expect(await whyBytes(Buffer.concat([named, comment]))).toBeUndefined();
  });

  it("behind a launch script, whether its offsets count the script or not", async () => {
    const [script, jar] = [Buffer.from(`#!/bin/sh\n${"# agatha\n".repeat(1000)}`), zip(entries)];
    expect(await whyBytes(Buffer.concat([script, jar]))).toBeUndefined();
    const counted = Buffer.from(jar);
    counted.writeUInt32LE(jar.readUInt32LE(jar.length - 6) + script.length, jar.length - 6);
    for (let at = jar.indexOf("PK\x01\x02"); at >= 0; at = jar.indexOf("PK\x01\x02", at + 1))
      counted.writeUInt32LE(jar.readUInt32LE(at + 42) + script.length, at + 42);
    expect(await whyBytes(Buffer.concat([script, counted]))).toBeUndefined();
  });

  it("twice with a file of the same name: the later one counts, as in shaded jars", async () => {
    const twice = zip({ "app/Main.clasx": "short", ...entries })
      .toString("latin1")
      .replaceAll("clasx", "class");
    expect(await whyBytes(Buffer.from(twice, "latin1"))).toBeUndefined();
  });

  it("of zip64, as tools write those of more than 65,535 files", async () => {
    expect(await whyBytes(zip64(entries))).toBeUndefined();
    const inner = zip64({ "org/x/Newer.class": classFile({ release: 21 }) });
    expect(await why({ ...entries, "BOOT-INF/lib/x.jar": inner })).toContain("x.jar: org/x/Newer");
  });

  it("of 5 GB without being taken into memory", async () => {
    const path = join(folder, "large.jar");
    const [hole, file] = [5e9, openSync(path, "w")];
    const jar = zip64(entries, hole);
    writeSync(file, jar, 0, jar.length, hole);
    closeSync(file);
    expect(await whyUnfit(path, 17, [])).toBeUndefined();
    expect(await whyUnfit(path, 11, [])).toContain("compiled for Java 17");
    rmSync(path);
  });
});

describe("a jar that could not run is refused:", () => {
  it("what is no jar, or is cut short", async () => {
    const jar = zip({ "META-INF/MANIFEST.MF": MANIFEST, ...main() });
    for (const bytes of ["", "no zip", "PK", "x".repeat(100), jar.subarray(0, -9), jar.subarray(30)])
      expect(await whyBytes(bytes)).toMatch(/app\.jar" is no jar\. Point back\.jar at an uber jar/);
  });

  it("one whose directory is damaged, or ends early", async () => {
    const jar = zip({ "META-INF/MANIFEST.MF": MANIFEST, ...main() });
    for (const [field, value] of [
      [16, 0xfffffff0],
      [16, 3],
      [10, 9],
    ] as const) {
      const damaged = Buffer.from(jar);
      damaged.writeUInt16LE(value & 0xffff, damaged.length - 22 + field);
      expect(await whyBytes(damaged), `field ${field}`).toContain("is no jar");
    }
  });

  it("one with an encrypted class, or one compressed in a way of its own", async () => {
    const jar = zip({ "META-INF/MANIFEST.MF": MANIFEST, ...main() });
    const header = jar.indexOf("PK\x01\x02", jar.indexOf("PK\x01\x02") + 1);
    const changed = (field: number, value: number) => {
      const bytes = Buffer.from(jar);
      bytes.writeUInt16LE(value, header + field);
      return whyBytes(bytes);
    };
    expect(await changed(8, 1)).toContain("cannot be read (encrypted). Build it again");
    expect(await changed(10, 93)).toContain("cannot be read (method 93 of compression)");
  });

  it("one whose class is damaged or begins outside the file", async () => {
    const jar = zip({ "META-INF/MANIFEST.MF": MANIFEST, ...main() });
    const header = jar.indexOf("PK\x01\x02", jar.indexOf("PK\x01\x02") + 1);
    for (const [at, bytes] of [
      [jar.indexOf("app/Main.class") + 16, "\xff\xff\xff\xff"],
      [header + 20, "\xff\xff\xff\x7f"],
      [header + 42, "\xff\xff\xff\x7f"],
    ] as const) {
      const damaged = Buffer.from(jar);
      damaged.write(bytes, at, "latin1");
      expect(await whyBytes(damaged), `byte ${at}`).toMatch(/cannot be read \(.+\)\. Build it again/);
    }
  });

  it("a main class that is no class file; other files with such names may be templates or encrypted", async () => {
    const files = { "META-INF/MANIFEST.MF": MANIFEST, "templates/Foo.class": "package x;", "a.class": "" };
    expect(await why({ ...files, "app/Main.class": "short" })).toContain("holds no class app.Main");
    expect(await why({ ...files, ...main() })).toBeUndefined();
  });

  it("a damaged class, with the reason", async () => {
    const start = Buffer.from([0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 61, 0, 9, 99]);
    const damaged = Buffer.concat([start, Buffer.from("javax/xml/crypto/Data")]);
    expect(await why({ "META-INF/MANIFEST.MF": MANIFEST, "app/Main.class": damaged })).toMatch(
      /cannot be read \(.+\)/,
    );
  });

  it("one whose main class is in a library beside it, as Quarkus builds them by default", async () => {
    const manifest = `${MANIFEST}Class-Path: lib/runner.jar\r\n`;
    expect(await why({ "META-INF/MANIFEST.MF": manifest, "app/Other.class": classFile({}) })).toBe(
      'agatha:back.jar: "app.jar" holds no class app.Main, its manifest\'s Main-Class. Only the jar itself is packaged: build one that holds its libraries (Quarkus: quarkus.package.jar.type=uber-jar).',
    );
  });

  it("one that needs libraries beside it; libraries that it contains are leftovers of its build", async () => {
    const manifest = `${MANIFEST}Class-Path: gone.jar library.jar\r\n`;
    const library = { "org/x/Y.class": classFile({}) };
    writeFileSync(join(folder, "library.jar"), zip(library));
    const jar = { "META-INF/MANIFEST.MF": manifest, ...main() };
    expect(await why(jar)).toMatch(
      /needs library\.jar beside it, by its manifest's Class-Path\. Only the jar itself/,
    );
    expect(await why({ ...jar, ...library })).toBeUndefined();
  });

  it("but one that does not exist is left to Nix", async () => {
    const back = { jar: join(folder, "nowhere.jar"), java: 17, modules: [] };
    expect(await refuseUnfitJar({ back } as unknown as Parameters<typeof refuseUnfitJar>[0])).toBeUndefined();
  });
});

describe("a class for a newer Java", () => {
  const newer = classFile({ release: 21 });

  it("is refused, with both releases and the class", async () => {
    expect(await refused({ release: 21 })).toBe(
      "agatha:back.jar: the jar is compiled for Java 21 (app/Main), which Java 17 cannot run. Set back.java to 21, or compile the jar for Java 17.",
    );
    expect(await why({ "META-INF/MANIFEST.MF": MANIFEST, ...main({ release: 21 }) }, 25)).toBeUndefined();
  });

  it("is refused in a nested jar of Spring Boot, and in its own folder of classes", async () => {
    const inner = zip({ "org/x/Newer.class": newer });
    for (const [path, place] of [
      ["BOOT-INF/lib/x-1.jar", "x-1.jar: org/x/Newer"],
      ["WEB-INF/lib/x-1.jar", "x-1.jar: org/x/Newer"],
      ["BOOT-INF/classes/org/x/Newer.class", "BOOT-INF/classes/org/x/Newer"],
    ] as const)
      expect(
        await why({
          "META-INF/MANIFEST.MF": MANIFEST,
          ...main(),
          [path]: path.endsWith(".jar") ? inner : newer,
        }),
      ).toContain(`Java 21 (${place})`);
    expect(await why({ "META-INF/MANIFEST.MF": MANIFEST, ...main(), "agents/x.jar": inner })).toBeUndefined();
  });

  it("is accepted as a version for that Java in META-INF/versions, or as a module's description", async () => {
    const multi = `${MANIFEST}Multi-Release: true\r\n`;
    for (const path of ["META-INF/versions/21/app/Main.class", "module-info.class"])
      expect(await why({ "META-INF/MANIFEST.MF": multi, ...main(), [path]: newer })).toBeUndefined();
    // These folders count only if the manifest says so.
    const old = "META-INF/versions/11/app/Main.class";
    expect(await why({ "META-INF/MANIFEST.MF": multi, ...main(), [old]: newer })).toContain(
      `Java 21 (${old.slice(0, -6)})`,
    );
    expect(await why({ "META-INF/MANIFEST.MF": MANIFEST, ...main(), [old]: newer })).toBeUndefined();
  });
});

describe("a module that the JRE lacks", () => {
  it("is named, with a class that needs it, and the line to write", async () => {
    expect(await refused({ classes: ["javax/xml/crypto/Data"] }, ["java.se"])).toBeUndefined();
    expect(
      await refused(
        { classes: ["javax/xml/crypto/Data"], types: ["()Lcom/sun/tools/attach/AttachPermission;"] },
        ["jdk.charsets"],
      ),
    ).toBe(
      'agatha:back.modules: the jar needs java.xml.crypto (app/Main), jdk.attach (app/Main), which the JRE lacks. Write back.modules: ["jdk.charsets","java.xml.crypto","jdk.attach"].',
    );
  });

  it.each([
    ["a class", { classes: ["javax/xml/crypto/Data"] }],
    ["an array", { classes: ["[Ljavax/xml/crypto/Data;"] }],
    ["the type of a method", { types: ["(IJ[Ljavax/xml/crypto/Data;)V"] }],
    ["a generic type", { types: ["Ljava/util/List<Ljavax/xml/crypto/Data;>;"] }],
  ])("is found by %s", async (_, content) => {
    expect(await refused(content)).toContain("needs java.xml.crypto (app/Main)");
  });

  it("is found in a nested jar, of Spring Boot", async () => {
    const inner = zip({ "org/x/Remote.class": classFile({ classes: ["javax/xml/crypto/Data"] }) });
    expect(
      await why({ "META-INF/MANIFEST.MF": MANIFEST, ...main(), "BOOT-INF/lib/x-1.jar": inner }),
    ).toContain("java.xml.crypto (x-1.jar: org/x/Remote)");
  });

  it("is not needed for a text, for a package in the jar itself, or for one that the JDK no longer has", async () => {
    expect(await refused({ texts: ["javax/xml/crypto/Data", "Ljavax/xml/crypto/Data;"] })).toBeUndefined();
    expect(await refused({ classes: ["javax/xml/bind/JAXB", "java/lang/Object"] })).toBeUndefined();
    const own = {
      ...main({ classes: ["javax/xml/crypto/Data"] }),
      "javax/xml/crypto/Data.class": classFile({}),
    };
    expect(await why({ "META-INF/MANIFEST.MF": MANIFEST, ...own })).toBeUndefined();
  });
});
