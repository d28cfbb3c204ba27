/** The two checks of a jar: the quick one is never sure of a jar that the other one, by jar and jdeps, refuses. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { putEntry, setClassRelease } from "../support/jar.ts";
import { execute } from "../support/scratch.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-jar-check-"));
const [jar, quickCheck, lacks] = ["app.jar", "check-jar.js", "lacks"].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(() => {
  // As in the Nix store: with no package.json above it that makes it an ES module.
  cpSync("nix/packages/check-jar.js", quickCheck);
});
beforeEach(() => {
  cpSync("sample/back/target/agatha-back.jar", jar);
  jre("java.base java.desktop java.management java.naming java.security.jgss java.sql jdk.httpserver");
  writeFileSync(lacks, "com/sun/jarsigner\njava/rmi\njava/rmi/server\n");
});

/** A JRE with these modules, as far as the exact check looks at it. */
function jre(modules: string): void {
  mkdirSync(join(folder, "jre"), { recursive: true });
  writeFileSync(join(folder, "jre", "release"), `MODULES="${modules}"\n`);
}

const quick = () => execute("node", [quickCheck, jar, "17", lacks]);

async function exact() {
  const place = mkdtempSync(join(folder, "exact-"));
  const env = { ...process.env, jar, java: "17", jreVersion: "17", jre: join(folder, "jre") };
  const check = resolve("nix/packages/check-jar.sh");
  return execute("bash", ["-c", `cd "$0" && exec bash "$1"`, place, check], env);
}

/** Packs what is in the jar again. */
async function repack(...options: string[]): Promise<void> {
  const place = mkdtempSync(join(folder, "content-"));
  const script = `cd "$0" && jar -xf "$1" && shift && rm -f "$1" && jar --create --file "$@" -C "$0" .`;
  expect(await execute("bash", ["-c", script, place, jar, jar, ...options])).toMatchObject({ code: 0 });
}

it("both pass a jar that runs", async () => {
  expect(await quick()).toEqual({ code: 0, output: "" });
  expect(await exact()).toMatchObject({ code: 0 });
});

it("the quick one passes what is stored without compression", async () => {
  await repack("--no-compress", "--manifest", "META-INF/MANIFEST.MF");
  expect(await quick()).toEqual({ code: 0, output: "" });
});

it("both find a class for a newer Java, but not a version of it for that Java alone", async () => {
  await putEntry(jar, "META-INF/versions/21/agatha/Newer.class", Buffer.from("cafebabe00000041", "hex"));
  expect(await quick()).toMatchObject({ code: 0 });
  await setClassRelease(jar, "agatha/sample/Main.class", 21);
  expect((await quick()).output).toContain("agatha/sample/Main.class is for a newer Java");
  expect((await exact()).output).toMatch(/^agatha:back\.jar: the jar is compiled for Java 21/);
});

it("both find a module that the JRE lacks", async () => {
  jre("java.base java.desktop java.management java.naming java.security.jgss java.sql");
  writeFileSync(lacks, "com/sun/net/httpserver\n");
  expect((await quick()).output).toMatch(/mentions a package that the JRE lacks/);
  expect((await exact()).output).toBe(
    'agatha:back.modules: the jar needs "jdk.httpserver", which the JRE lacks. Add to back.modules: "jdk.httpserver".\n',
  );
});

it("a package's mere name makes the quick one ask the other, which passes it", async () => {
  // The sample's own class name, as if it were a package of a module that is not there.
  writeFileSync(lacks, "agatha/sample\n");
  expect((await quick()).code).toBe(1);
  expect(await exact()).toMatchObject({ code: 0 });
});

it("a jar without a main class, and what is no jar, are for the exact one to name", async () => {
  writeFileSync(lacks, "");
  const empty = await execute("jar", ["--create", "--no-manifest", "--file", jar, "-C", folder, "lacks"]);
  expect(empty).toMatchObject({ code: 0 });
  expect((await quick()).output).toContain("no main class");
  expect((await exact()).output).toMatch(/^agatha:back\.jar: the jar names no Main-Class/);
  writeFileSync(jar, "no zip at all\n");
  expect((await quick()).output).toContain("no zip file");
  expect((await exact()).output).toMatch(/^agatha:back\.jar: the file is no jar/);
});

it("a jar that is cut off is for the exact one to name", async () => {
  expect((await execute("truncate", ["--size=-1000", jar])).code).toBe(0);
  expect((await quick()).code).toBe(1);
  expect((await exact()).code).toBe(1);
});
