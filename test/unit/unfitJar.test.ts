/** The refusals of a jar: by jars that are made here. That `java -jar` reads them alike is integration/jar.test.ts's. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { refuseUnfitJar, whyUnfit } from "../../lib/images/jar/unfitJar.ts";
import { type ClassFile, classFile } from "../support/classFile.ts";
import { zip } from "../support/zip.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-unfit-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MANIFEST = "Manifest-Version: 1.0\r\nMain-Class: app.Main\r\n";
const main = (content: ClassFile = {}) => ({ "app/Main.class": classFile(content) });

/** Writes a jar, and gives why it is refused, with `app.jar` for its path. */
function why(entries: Record<string, string | Buffer>, java = 17, modules: string[] = []) {
  const path = join(folder, "app.jar");
  writeFileSync(path, zip(entries));
  return whyUnfit(path, java, modules)?.replace(path, "app.jar");
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
  ])("%s", (_, manifest) => {
    expect(why({ "META-INF/MANIFEST.MF": manifest, ...main() })).toBeUndefined();
  });

  it.each([
    ["a last line that does not end", "Manifest-Version: 1.0\nMain-Class: app.Main"],
    ["what is about a part of the jar", "Manifest-Version: 1.0\n\nName: app\nMain-Class: app.Main\n"],
    ["no such line", "Manifest-Version: 1.0\n"],
  ])("without %s", (_, manifest) => {
    expect(why({ "META-INF/MANIFEST.MF": manifest, ...main() })).toBe(
      'agatha:back.jar: "app.jar" names no Main-Class in its manifest. Point back.jar at an uber jar that `java -jar` can run.',
    );
  });
});

describe("a jar that is not all there is refused:", () => {
  it("what is no jar, or is cut off", () => {
    for (const bytes of ["", "no zip", zip(main()).subarray(0, -9)]) {
      const path = join(folder, "none.jar");
      writeFileSync(path, bytes);
      expect(whyUnfit(path, 17, [])).toMatch(/none\.jar" is no jar\. Point back\.jar at an uber jar/);
    }
  });

  it("but not one of zip64, as tools write those of more than 65,535 files", () => {
    const bytes = zip({ "META-INF/MANIFEST.MF": MANIFEST, ...main() });
    const end = bytes.subarray(-22);
    const end64 = Buffer.alloc(56 + 20);
    end64.writeUInt32LE(0x06064b50);
    end64.writeBigUInt64LE(BigInt(end.readUInt32LE(12)), 40);
    end64.writeBigUInt64LE(BigInt(end.readUInt32LE(16)), 48);
    const path = join(folder, "large.jar");
    for (const field of [12, 16]) {
      writeFileSync(path, Buffer.concat([bytes.subarray(0, -22), end64, end]));
      expect(whyUnfit(path, 17, []), `field ${field}`).toBeUndefined();
      // In the next round what does not fit is told by the other record alone.
      end.writeUInt32LE(0xffffffff, field);
    }
  });

  it("a main class that is none; any other file of such a name may be a template or encrypted", () => {
    const files = { "META-INF/MANIFEST.MF": MANIFEST, "templates/Foo.class": "package x;", "a.class": "" };
    expect(why({ ...files, "app/Main.class": "short" })).toContain("holds no class app.Main");
    expect(why({ ...files, ...main() })).toBeUndefined();
  });

  it("a damaged class, with what could not be done", () => {
    const start = Buffer.from([0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 61, 0, 9, 99]);
    const damaged = Buffer.concat([start, Buffer.from("javax/xml/crypto/Data")]);
    expect(why({ "META-INF/MANIFEST.MF": MANIFEST, "app/Main.class": damaged })).toMatch(
      /cannot be read \(.+\)/,
    );
  });

  it("a main class that is in a library beside it, as Quarkus makes them by default", () => {
    const manifest = `${MANIFEST}Class-Path: lib/runner.jar\r\n`;
    expect(why({ "META-INF/MANIFEST.MF": manifest, "app/Other.class": classFile({}) })).toBe(
      'agatha:back.jar: "app.jar" holds no class app.Main, its manifest\'s Main-Class. Only the jar itself is packaged: build one that holds its libraries (Quarkus: quarkus.package.jar.type=uber-jar).',
    );
  });

  it("libraries beside it that it does not hold; those that it does hold are left from its build", () => {
    const manifest = `${MANIFEST}Class-Path: gone.jar library.jar\r\n`;
    const library = { "org/x/Y.class": classFile({}) };
    writeFileSync(join(folder, "library.jar"), zip(library));
    const jar = { "META-INF/MANIFEST.MF": manifest, ...main() };
    expect(why(jar)).toMatch(
      /needs library\.jar beside it, by its manifest's Class-Path\. Only the jar itself/,
    );
    expect(why({ ...jar, ...library })).toBeUndefined();
  });

  it("but one that does not exist is for Nix to name", () => {
    const back = { jar: join(folder, "nowhere.jar"), java: 17, modules: [] };
    expect(refuseUnfitJar({ back } as unknown as Parameters<typeof refuseUnfitJar>[0])).toBeUndefined();
  });
});

describe("a class for a newer Java", () => {
  const newer = classFile({ release: 21 });

  it("is refused, with both releases and the class", () => {
    expect(refused({ release: 21 })).toBe(
      "agatha:back.jar: the jar is compiled for Java 21 (app/Main), which Java 17 cannot run. Set back.java to 21, or compile the jar for Java 17.",
    );
    expect(why({ "META-INF/MANIFEST.MF": MANIFEST, ...main({ release: 21 }) }, 25)).toBeUndefined();
  });

  it("is refused in a nested jar of Spring Boot, and in its own folder of classes", () => {
    const inner = zip({ "org/x/Newer.class": newer });
    for (const [path, place] of [
      ["BOOT-INF/lib/x-1.jar", "x-1.jar: org/x/Newer"],
      ["WEB-INF/lib/x-1.jar", "x-1.jar: org/x/Newer"],
      ["BOOT-INF/classes/org/x/Newer.class", "BOOT-INF/classes/org/x/Newer"],
    ] as const)
      expect(
        why({ "META-INF/MANIFEST.MF": MANIFEST, ...main(), [path]: path.endsWith(".jar") ? inner : newer }),
      ).toContain(`Java 21 (${place})`);
    expect(why({ "META-INF/MANIFEST.MF": MANIFEST, ...main(), "agents/x.jar": inner })).toBeUndefined();
  });

  it("is no matter as a version for that Java, in a folder for versions, or as a module's description", () => {
    const multi = `${MANIFEST}Multi-Release: true\r\n`;
    for (const path of ["META-INF/versions/21/app/Main.class", "module-info.class"])
      expect(why({ "META-INF/MANIFEST.MF": multi, ...main(), [path]: newer })).toBeUndefined();
    // Only a manifest that says so makes these folders mean anything.
    const old = "META-INF/versions/11/app/Main.class";
    expect(why({ "META-INF/MANIFEST.MF": multi, ...main(), [old]: newer })).toContain(
      `Java 21 (${old.slice(0, -6)})`,
    );
    expect(why({ "META-INF/MANIFEST.MF": MANIFEST, ...main(), [old]: newer })).toBeUndefined();
  });
});

describe("a module that the JRE lacks", () => {
  it("is named, with a class that needs it, and the line to write", () => {
    expect(refused({ classes: ["javax/xml/crypto/Data"] }, ["java.se"])).toBeUndefined();
    expect(
      refused({ classes: ["javax/xml/crypto/Data"], types: ["()Lcom/sun/tools/attach/AttachPermission;"] }, [
        "jdk.charsets",
      ]),
    ).toBe(
      'agatha:back.modules: the jar needs java.xml.crypto (app/Main), jdk.attach (app/Main), which the JRE lacks. Write back.modules: ["jdk.charsets","java.xml.crypto","jdk.attach"].',
    );
  });

  it.each([
    ["a class", { classes: ["javax/xml/crypto/Data"] }],
    ["an array", { classes: ["[Ljavax/xml/crypto/Data;"] }],
    ["the type of a method", { types: ["(IJ[Ljavax/xml/crypto/Data;)V"] }],
    ["a generic type", { types: ["Ljava/util/List<Ljavax/xml/crypto/Data;>;"] }],
  ])("is found by %s", (_, content) => {
    expect(refused(content)).toContain("needs java.xml.crypto (app/Main)");
  });

  it("is found in a nested jar, of Spring Boot", () => {
    const inner = zip({ "org/x/Remote.class": classFile({ classes: ["javax/xml/crypto/Data"] }) });
    expect(why({ "META-INF/MANIFEST.MF": MANIFEST, ...main(), "BOOT-INF/lib/x-1.jar": inner })).toContain(
      "java.xml.crypto (x-1.jar: org/x/Remote)",
    );
  });

  it("is not needed for a text, for what the jar has itself, or for what the JDK no longer has", () => {
    expect(refused({ texts: ["javax/xml/crypto/Data", "Ljavax/xml/crypto/Data;"] })).toBeUndefined();
    expect(refused({ classes: ["javax/xml/bind/JAXB", "java/lang/Object"] })).toBeUndefined();
    const own = {
      ...main({ classes: ["javax/xml/crypto/Data"] }),
      "javax/xml/crypto/Data.class": classFile({}),
    };
    expect(why({ "META-INF/MANIFEST.MF": MANIFEST, ...own })).toBeUndefined();
  });
});
