/** What the front's server takes a request and a file's name for. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { chunksOf, holdsHash } from "../../../nix/packages/serve/hashedNames.mjs";
import { lists, pathOf, rangeOf, targetOf } from "../../../nix/packages/serve/requests.mjs";

describe("a name with a hash", () => {
  it.each([
    ["Vite", "/assets/index-BZpYJZ-P.css"],
    ["Vite", "/assets/logo-na3_-uQk.svg"],
    ["Vite, in a folder of its own", "/static/img/fonts/Inter-SemiBold-BqA1x3fZ.woff2"],
    ["Vite, its source map", "/assets/index-BwOPSdeb.js.map"],
    ["Astro", "/_astro/page.B9mkVmLH.css"],
    ["Vue CLI", "/js/app.3f2a1b9c.js"],
    ["Vue CLI", "/img/logo.82b9c7a5.png"],
    ["webpack", "/main.3f2a1b9c.chunk.js"],
    ["webpack", "/css/app.5f8a0c1d2e3b4a5f6c7d.css"],
    ["md5", "/static/logo.9e107d9d372bb6826bd81d3542a419d6.svg"],
  ])("of %s is one: %s", (_, path) => expect(holdsHash(path)).toBe(true));

  it("of Vite is found in nine of ten: the others cost a 304", () => {
    const names = Array.from({ length: 2000 }, (_, index) =>
      createHash("sha256").update(String(index)).digest("base64url").slice(0, 8),
    );
    const found = names.filter((name) => holdsHash(`/assets/logo-${name}.svg`));
    expect(found.length / names.length).toBeGreaterThan(0.85);
  });

  // A browser that is told otherwise shows the old file for a year.
  it.each([
    "/assets/apple-touch-icon.png",
    "/assets/logo-horizontal.svg",
    "/assets/user-placeholder.png",
    "/assets/fonts/Inter-SemiBold.woff2",
    "/assets/fonts/Inter-ExtraBld.woff2",
    "/assets/theme-DarkMode.css",
    "/assets/photo-20240101.jpg",
    "/assets/photo-IMG_1234.jpg",
    "/assets/screen-1024x768.png",
    "/assets/user-guide-v2.pdf",
    "/assets/icon-iPhone12.png",
    "/assets/when-NotInUse.svg",
    "/assets/intro-Original.mp4",
    "/assets/report.20240101.csv",
    "/assets/report.2024dec1.csv",
    "/assets/cafe.deadbeef.js",
    "/assets/550e8400-e29b-41d4-a716-446655440000.png",
    "/assets/jquery-3.7.1.min.js",
    "/assets/page-BqA1x3fZ.html",
    "/BqA1x3fZ.js",
    "/Logo-BqA1x3fZ.svg",
    "/index.html",
    "/assets/",
  ])("is not %s", (path) => expect(holdsHash(path)).toBe(false));
});

describe("the scripts and styles of a page", () => {
  const dist = mkdtempSync(join(tmpdir(), "agatha-dist-"));
  afterAll(() => rmSync(dist, { recursive: true }));

  it("are those that Vite's tags load, and what these load; not the author's own", () => {
    const files = {
      "index.html": `<script src="/assets/theme-DarkMode.js"></script>
        <link rel="stylesheet" href="/assets/theme-DarkMode.css">
        <script type="module" src="/assets/index-BY1PD-5Z.js"></script>
        <link rel="stylesheet" crossorigin href="/assets/index-NotInUse.css">
        <script type="module" crossorigin src="/assets/unhashed.js"></script>
        <script crossorigin src="https://cdn.example/x-Absence1.js"></script>`,
      "assets/index-BY1PD-5Z.js": `const m=["assets/About-Original.js","assets/About-Portrait.css"];
        import("./About-Original.js"); link.href="/assets/theme-LightOne.css"; import "./gone-Goneaway.js"`,
      "assets/About-Original.js": 'import{a as b}from"./index-BY1PD-5Z.js";import"./shared-SemiBold.js"',
      ...Object.fromEntries(
        ["index-NotInUse.css", "About-Portrait.css", "shared-SemiBold.js", "theme-LightOne.css"].map(
          (name) => [`assets/${name}`, ""],
        ),
      ),
      "assets/theme-DarkMode.js": "",
      "assets/theme-DarkMode.css": "",
      "assets/unhashed.js": "",
    };
    mkdirSync(join(dist, "assets"));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dist, name), text);
    expect([...chunksOf(dist)].sort()).toEqual([
      "/assets/About-Original.js",
      "/assets/About-Portrait.css",
      "/assets/index-BY1PD-5Z.js",
      "/assets/index-NotInUse.css",
      "/assets/shared-SemiBold.js",
    ]);
  });

  it("are none where there is no page", () => expect([...chunksOf(join(dist, "assets"))]).toEqual([]));
});

describe("the path of a request", () => {
  it.each([
    ["/a/b.txt?c=%E4#d", "/a/b.txt"],
    ["/%C3%BC%20%23%3F%25.txt", "/ü #?%.txt"],
    ["/\u00c3\u00bc.txt", "/ü.txt"],
    ["/a/../../b/./c/", "/b/c/"],
    ["/..%2f..%2fetc/passwd", "/etc/passwd"],
    ["/a/%2e%2e/b", "/b"],
    ["//evil.example/x", "/evil.example/x"],
    ["/\\evil.example/x", "/evil.example/x"],
    ["/%2f%2fevil.example/x", "/evil.example/x"],
    ["http://evil.example//x", "/x"],
    ["http://evil.example", "/"],
    ["http://evil.example\\x", "/x"],
    ["/%5cevil.example", "/\\evil.example"],
  ])("of %j is %j", (target, path) => expect(pathOf(target)).toBe(path));

  it.each(["/%", "/%E4.txt", "/a%00.js", "*", "x"])("of %j is refused", (target) =>
    expect(pathOf(target)).toBeUndefined(),
  );

  it("never leads to another host when it is a target again", () => {
    expect(targetOf(pathOf("/%5c%5cevil.example/%0d%0ax") ?? "")).toBe("/%5C%5Cevil.example/%0D%0Ax");
  });
});

describe("a range", () => {
  it.each([
    ["bytes=0-3", { start: 0, end: 3 }],
    ["bytes=8-", { start: 8, end: 9 }],
    ["bytes=8-100", { start: 8, end: 9 }],
    ["bytes=-3", { start: 7, end: 9 }],
    ["bytes=-100", { start: 0, end: 9 }],
    ["BYTES=0-0", { start: 0, end: 0 }],
    ["bytes=10-", "unsatisfiable"],
    ["bytes=99999999999999999999-", "unsatisfiable"],
    ["bytes=-0", "unsatisfiable"],
  ])("%s of 10 bytes is %j", (header, range) => expect(rangeOf(header, 10)).toEqual(range));

  // RFC 9110, 14.2: such a field is ignored. Several parts may be.
  it.each([
    "items=0-3",
    "bytes=5-2",
    "bytes=0-1,5-6",
    "bytes=",
    "bytes=-",
    "bytes=a-b",
    "bytes 0-3",
    "bytes=1-2-3",
    "",
  ])("%j counts as none", (header) => expect(rangeOf(header, 10)).toBeUndefined());

  it("of an empty file is the whole, or none of it", () => {
    expect(rangeOf("bytes=-5", 0)).toBeUndefined();
    expect(rangeOf("bytes=0-", 0)).toBe("unsatisfiable");
  });
});

it.each([
  ['"a"', true, true],
  ['W/"a"', true, false],
  ['"b", W/"c" , "a"', true, true],
  ["*", true, true],
  ['"b"', false, false],
  ["a", false, false],
])("the list %s has an entity tag: weakly %s, strongly %s", (header, weakly, strongly) => {
  expect(lists(header, '"a"', { weakly: true })).toBe(weakly);
  expect(lists(header, '"a"', { weakly: false })).toBe(strongly);
});
