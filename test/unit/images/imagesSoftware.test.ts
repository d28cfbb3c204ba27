import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Group, Image } from "../../../lib/images/report/model.ts";
import { inventory, uuidOf } from "../../../lib/images/report/sbom.ts";
import {
  debian,
  dpkgPackages,
  jarSoftware,
  merge,
  npmSoftware,
  softwareInspector,
} from "../../../lib/images/report/software.ts";
import { parseDump, splitName, storeSoftware } from "../../../lib/images/report/store.ts";
import { cycloneDxErrors } from "../../support/cyclonedx.ts";
import { zip } from "../../support/zip.ts";

const pom = (group: string, artifact: string, version: string) => ({
  [`META-INF/maven/${group}/${artifact}/pom.properties`]: `#Generated\ngroupId=${group}\nartifactId=${artifact}\nversion=${version}\n`,
});
const ids = (software: { id: string }[]) => software.map(({ id }) => id);

describe("a jar", () => {
  it("is the artefact that its Maven coordinates name, with its hash", async () => {
    const jar = zip(pom("org.flywaydb", "flyway-core", "10.20.1"));
    expect(await jarSoftware("/lib/flyway-core-10.20.1.jar", jar)).toEqual([
      expect.objectContaining({
        id: "pkg:maven/org.flywaydb/flyway-core@10.20.1",
        group: "org.flywaydb",
        sha256: createHash("sha256").update(jar).digest("hex"),
        places: ["/lib/flyway-core-10.20.1.jar"],
        needs: [],
      }),
    ]);
  });

  it("made of many artefacts (an uber jar) is a file that contains them, and those in its jars", async () => {
    const inner = zip(pom("a.b", "inner", "1"));
    const jar = zip({
      ...pom("org.x", "x", "1"),
      ...pom("org.y", "y", "2"),
      "BOOT-INF/lib/inner-1.jar": inner,
    });
    const [file, ...inside] = await jarSoftware("/app.jar", jar);
    expect(file).toMatchObject({ id: "/app.jar", type: "file", name: "app.jar", needs: ids(inside) });
    expect(ids(inside)).toEqual(["pkg:maven/org.x/x@1", "pkg:maven/org.y/y@2", "pkg:maven/a.b/inner@1"]);
    expect(inside[2]?.places).toEqual(["/app.jar!/BOOT-INF/lib/inner-1.jar"]);
  });

  it("without coordinates is named by manifest and file name, and marked so", async () => {
    const manifest = "Manifest-Version: 1.0\r\nBundle-SymbolicName: org.postgres\r\n ql.jdbc\r\n";
    const jar = zip({ "META-INF/MANIFEST.MF": manifest });
    expect((await jarSoftware("/lib/postgresql-42.7.4.jar", jar))[0]).toMatchObject({
      id: "pkg:maven/org.postgresql/postgresql@42.7.4",
      notes: { "agatha:coordinates": "guessed from manifest and file name" },
    });
    expect((await jarSoftware("/lib/thing.jar", zip({})))[0]).toMatchObject({
      id: "/lib/thing.jar",
      type: "file",
    });
  });

  it("that is empty or no archive contains nothing", async () => {
    for (const bytes of ["", "no zip", "x".repeat(100)])
      expect(await jarSoftware("/x.jar", Buffer.from(bytes))).toMatchObject([{ id: "/x.jar", needs: [] }]);
  });
});

describe("packages of npm and Debian", () => {
  it("are found only by a package.json directly below node_modules", () => {
    const inspector = softwareInspector();
    expect(inspector.wants("srv/node_modules/he/package.json")).toBe(true);
    expect(inspector.wants("srv/node_modules/@babel/core/package.json")).toBe(true);
    expect(inspector.wants("srv/node_modules/he/esm/package.json")).toBe(false);
    expect(inspector.wants("srv/package.json")).toBe(false);
  });

  it("have a package URL, a licence, and a scope as group", () => {
    const json = JSON.stringify({ name: "@babel/core", version: "7.1.0+x", license: "MIT" });
    expect(npmSoftware(json, "/n/node_modules/@babel/core/package.json")[0]).toMatchObject({
      purl: "pkg:npm/%40babel/core@7.1.0%2Bx",
      group: "@babel",
      license: "MIT",
      places: ["/n/node_modules/@babel/core"],
    });
    expect(npmSoftware('{"type":"module"}', "/n")).toEqual([]);
    expect(npmSoftware("{", "/n")).toEqual([]);
  });

  it("are those that dpkg lists as installed, with or without a status", () => {
    const entry = (name: string, status: string) =>
      `Package: ${name}\nStatus: ${status}\nArchitecture: amd64\nVersion: 1:2.4+b1\n`;
    const text = `${entry("libstdc++6", "install ok installed")}\n${entry("gone", "deinstall ok config-files")}`;
    expect(ids(dpkgPackages(text).map((one) => debian(one, "/var/lib/dpkg/status")))).toEqual([
      "pkg:deb/debian/libstdc%2B%2B6@1:2.4%2Bb1?arch=amd64",
    ]);
    // Distroless images have a file for each package, without a status.
    expect(dpkgPackages("Package: base\nVersion: 12\nArchitecture: all\n")).toHaveLength(1);
    expect(dpkgPackages("Package: base\nVersion: 12\n")).toEqual([]);
  });

  it("are one component if they are found twice", () => {
    const at = (place: string) => npmSoftware('{"name":"he","version":"1.2.0"}', `${place}/package.json`);
    expect(merge([...at("/a"), ...at("/b")])).toEqual([expect.objectContaining({ places: ["/a", "/b"] })]);
  });
});

const A = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-postgresql-13.14";
const B = "/nix/store/abcdfghijklmnpqrsvwxyz0123456789-glibc";

describe("store paths", () => {
  it("are read from Nix's dump, without themselves as references", () => {
    expect(parseDump(`${A}\nabc\n10\n/nix/store/d.drv\n2\n${A}\n${B}\n${B}\ndef\n20\n\n0\n`)).toEqual([
      { path: A, narHash: "abc", deriver: "/nix/store/d.drv", references: [B] },
      { path: B, narHash: "def", deriver: "", references: [] },
    ]);
  });

  it.each([
    ["postgresql-13.14", { name: "postgresql", version: "13.14" }],
    ["jdk-17.0.15-minimal-jre", { name: "jdk", version: "17.0.15-minimal-jre" }],
    ["C.utf8", { name: "C.utf8" }],
    ["serve.js", { name: "serve.js" }],
  ])("split %s as Nix does", (name, parts) => expect(splitName(name)).toEqual(parts));

  it("have the CPE that vulnerability databases use", () => {
    const [postgresql] = storeSoftware({ path: A, narHash: "abc", deriver: "", references: [B] });
    expect(postgresql).toMatchObject({
      purl: "pkg:generic/nix/postgresql@13.14",
      cpe: "cpe:2.3:a:postgresql:postgresql:13.14:*:*:*:*:*:*:*",
      needs: [B],
    });
  });
});

describe("the inventory", async () => {
  const image: Image = {
    ref: "agatha-db-image:abc",
    layers: [],
    config: { Labels: { "agatha.packages": "debian" } },
  };
  const group: Group = { path: A, name: "postgresql-13.14", bytes: 7, files: [], layer: "sha256:1" };
  const software = [
    ...storeSoftware({ path: A, narHash: "abc", deriver: "", references: [B] }),
    ...storeSoftware({ path: B, narHash: "def", deriver: "", references: [] }),
    ...(await jarSoftware(`${A}/uber.jar`, zip({ ...pom("org.x", "x", "1"), ...pom("org.y", "y", "2") }))),
    ...npmSoftware('{"name":"he","version":"1.2.0","license":"(MIT OR Apache-2.0)"}', `${A}/he/package.json`),
    ...npmSoftware('{"name":"odd","version":"1","license":"see the file"}', `${A}/odd/package.json`),
  ];

  it("is valid CycloneDX 1.6", () => {
    expect(cycloneDxErrors(inventory(image, [group], software))).toEqual([]);
    // The schema is really applied.
    expect(cycloneDxErrors({ bomFormat: "CycloneDX", specVersion: "1.6", components: [{}] })).not.toEqual([]);
  });

  it("does not depend on the order in which software was found; its serial number is made of the ref", () => {
    const one = JSON.stringify(inventory(image, [group], software));
    expect(JSON.stringify(inventory(image, [group], [...software].reverse()))).toBe(one);
    expect(one).toContain(`urn:uuid:${uuidOf(image.ref)}`);
    expect(uuidOf("another")).not.toBe(uuidOf(image.ref));
    expect(uuidOf("x")).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("says what contains what: image, store path, jar, artefact", () => {
    const { dependencies } = inventory(image, [group], software) as {
      dependencies: { ref: string; dependsOn: string[] }[];
    };
    const of = (ref: string) => dependencies.find((dependency) => dependency.ref === ref)?.dependsOn;
    expect(of(image.ref)).toEqual([A]);
    expect(of(A)).toEqual([`${A}/uber.jar`, B, "pkg:npm/he@1.2.0", "pkg:npm/odd@1"]);
    expect(of(`${A}/uber.jar`)).toEqual(["pkg:maven/org.x/x@1", "pkg:maven/org.y/y@2"]);
  });
});
