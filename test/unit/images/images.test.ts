import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import tar from "tar-stream";
import { afterAll, describe, expect, it } from "vitest";
import { efficiency, groupOf, groups, layerBytes, nameOf } from "../../../lib/images/report/analyse.ts";
import { imageFrom, readArchive } from "../../../lib/images/report/archive.ts";
import { difference } from "../../../lib/images/report/deployed.ts";
import { type Image, readableBytes } from "../../../lib/images/report/model.ts";

type Header = Partial<tar.Header> & { name: string };

const HASH = "0123456789abcdfghijklmnpqrsvwxyz";
const store = (name: string) => `nix/store/${HASH}-${name}`;

type Files = Record<string, number>;

/** An image of layers of files by size; Links are tested with the archive. */
const image = (...layers: Files[]): Image => ({
  ref: "app:tag",
  config: {},
  layers: layers.map((files, index) => ({
    digest: `sha256:${index}${JSON.stringify(files)}`,
    files: Object.entries(files).map(([path, size]) => ({ path, size })),
  })),
});

async function pack(entries: [Header, (string | Buffer)?][]): Promise<Buffer> {
  const packed = tar.pack();
  for (const [header, content] of entries) packed.entry(header, content ?? "");
  packed.finalize();
  return buffer(packed);
}

const layerTar = () =>
  pack([
    [{ name: "./etc/", type: "directory" }],
    [{ name: "./etc/passwd" }, "root"],
    [{ name: `./${store("app")}/bin/app` }, "12345678"],
    [{ name: "bin/app", type: "symlink", linkname: `/${store("app")}/bin/app` }],
  ]);

const folder = mkdtempSync(join(tmpdir(), "agatha-archive-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes an unpacked archive; what begins with `->` is a link. */
function archive(name: string, layers: string[], files: Record<string, string | Buffer>): string {
  const at = join(folder, name);
  const config = {
    config: { Labels: { a: "b" } },
    rootfs: { diff_ids: layers.map((layer) => `id of ${layer}`) },
  };
  const all: Record<string, string | Buffer> = {
    "manifest.json": JSON.stringify([{ Config: "config.json", RepoTags: ["app:tag"], Layers: layers }]),
    "config.json": JSON.stringify(config),
    ...files,
  };
  for (const [path, content] of Object.entries(all)) {
    mkdirSync(dirname(join(at, path)), { recursive: true });
    if (`${content}`.startsWith("->")) symlinkSync(`${content}`.slice(2), join(at, path));
    else writeFileSync(join(at, path), content);
  }
  return at;
}

describe("a docker archive", () => {
  it("gives ref, configuration, and each layer's files and links", async () => {
    const image = await readArchive(
      archive("plain", ["abc/layer.tar"], { "abc/layer.tar": await layerTar() }),
    );
    expect(image).toEqual({
      ref: "app:tag",
      config: { Labels: { a: "b" } },
      layers: [
        {
          digest: "id of abc/layer.tar",
          files: [
            { path: "etc/passwd", size: 4 },
            { path: `${store("app")}/bin/app`, size: 8 },
            { path: "bin/app", size: 0, link: `/${store("app")}/bin/app` },
          ],
        },
      ],
    });
  });

  it("may name layers as newer dockers do, gzipped, and one layer twice by a link", async () => {
    const files = {
      "blobs/sha256/abc": gzipSync(await layerTar()),
      "b/layer.tar": "->../blobs/sha256/abc",
    };
    const { layers } = await readArchive(archive("blobs", ["blobs/sha256/abc", "b/layer.tar"], files));
    expect(layers.map(({ files }) => files.length)).toEqual([3, 3]);
  });

  it("shows the files that are asked for, with their content", async () => {
    const seen: string[] = [];
    await readArchive(archive("asked", ["layer.tar"], { "layer.tar": await layerTar() }), {
      wants: (path) => path.endsWith("passwd"),
      take: (path, content) => void seen.push(`${path} ${content}`),
    });
    expect(seen).toEqual(["etc/passwd root"]);
  });

  it.each<[string, RegExp, string[], Record<string, string | Buffer>]>([
    ["lacks a layer", /no such file.*gone\/layer\.tar/, ["gone/layer.tar"], {}],
    [
      "lacks its configuration",
      /no such file.*other\.json/,
      [],
      { "manifest.json": '[{"Config":"other.json"}]' },
    ],
    ["holds no image", /names no image/, [], { "manifest.json": "[]" }],
    ["is damaged", /JSON/, [], { "manifest.json": "[" }],
    ["has a layer that is none", /Invalid tar header/, ["a"], { a: "x".repeat(1024) }],
    ["has a damaged gzipped layer", /./, ["a"], { a: Buffer.from([0x1f, 0x8b, 1, 2, 3]) }],
  ])("is refused if it %s", async (name, reason, layers, files) => {
    const reading = readArchive(archive(name, layers, files));
    await expect(reading).rejects.toThrow(reason);
    await expect(reading).rejects.toThrow(/^image archive: .* Build or load the image again\.$/);
  });

  it("is refused if a layer is cut short", async () => {
    const cut = (await layerTar()).subarray(0, 700);
    await expect(readArchive(archive("cut", ["a"], { a: cut }))).rejects.toThrow(
      /^image archive: .*end of data/i,
    );
  });

  it("is read from what a program writes, and a program that fails says why", async () => {
    const at = archive("program", ["layer.tar"], { "layer.tar": await layerTar() });
    const { ref, layers } = await imageFrom("tar", [
      "-c",
      "-C",
      at,
      "manifest.json",
      "config.json",
      "layer.tar",
    ]);
    expect([ref, layers.length]).toEqual(["app:tag", 1]);
    await expect(imageFrom("sh", ["-c", "echo no such image >&2; exit 3"])).rejects.toThrow(
      /^sh -c .* ended with 3:\nno such image$/,
    );
    await expect(imageFrom("echo", ["no archive"])).rejects.toThrow(/^tar ended with 2:\n/);
    await expect(imageFrom("agatha-no-such-program")).rejects.toThrow("is not on PATH");
  });
});

describe("efficiency as dive counts it", () => {
  it("is 100 % if no layer repeats another's path", () => {
    expect(efficiency(image({ a: 10 }, { b: 20 }))).toEqual({ score: 1, wasted: 0 });
    expect(efficiency(image({}))).toEqual({ score: 1, wasted: 0 });
  });

  it("counts a repeated path by its smallest size", () => {
    expect(efficiency(image({ a: 100, b: 50 }, { a: 40 }))).toEqual({ score: 90 / 190, wasted: 100 });
    expect(efficiency(image({ a: 40, b: 50 }, { a: 100 }))).toEqual({ score: 90 / 190, wasted: 100 });
  });

  it("counts what a later layer removes as wasted, files and folders alike", () => {
    expect(efficiency(image({ a: 30, b: 70 }, { ".wh.a": 0 }))).toEqual({ score: 0.7, wasted: 30 });
    expect(efficiency(image({ "d/a": 30, "d/e/b": 30, c: 40 }, { ".wh.d": 0 })).wasted).toBe(60);
    expect(efficiency(image({ "d/a": 30, c: 70 }, { "d/.wh..wh..opq": 0, "d/n": 5 })).wasted).toBe(30);
    // A whiteout removes neither files of its own layer nor files whose names only begin the same.
    expect(efficiency(image({ "d/a": 30, da: 70 }, { ".wh.d": 0, "d/b": 5 })).wasted).toBe(30);
  });
});

describe("contents of an image", () => {
  it("are its store paths, and the folders of other files, biggest first, without hidden files", () => {
    const found = groups(
      image(
        { [`${store("app")}/x`]: 5, [`${store("app")}/y`]: 9, "usr/lib/old": 100 },
        { "usr/lib/.wh.old": 0, "etc/passwd": 3 },
      ),
    );
    expect(found.map(({ name, bytes }) => [name, bytes])).toEqual([
      ["app", 14],
      ["/etc", 3],
    ]);
    expect(found[0]?.files.map(({ size }) => size)).toEqual([9, 5]);
  });

  it("count in docker's size even if a later layer hides them", () => {
    expect(layerBytes(image({ a: 10 }, { a: 5 }))).toBe(15);
  });

  it.each([
    [`${store("app")}/bin/app`, `/${store("app")}`],
    [store("serve.js"), `/${store("serve.js")}`],
    ["usr/lib/x86/libz.so", "/usr/lib"],
    ["bin/sh", "/bin"],
    ["init", "/"],
  ])("%s is part of %s", (path, group) => expect(groupOf(path)).toBe(group));

  it("are named without the hash", () => {
    expect(nameOf(`/${store("app-1.2")}`)).toBe("app-1.2");
    expect(nameOf("/etc")).toBe("/etc");
  });

  it("have sizes in readable units", () => {
    expect([0, 900, 12_345, 999_499, 999_500, 64_140_405].map(readableBytes)).toEqual([
      "0.0 kB",
      "0.9 kB",
      "12 kB",
      "999 kB",
      "1.0 MB",
      "64.1 MB",
    ]);
  });
});

describe("what differs from what is deployed", () => {
  const before = image(
    { [`${store("jdk-17.0.15")}/j`]: 50e6 },
    { [`${store("app-run")}/jar`]: 2e6 },
    { [`${store("old")}/o`]: 1e6 },
  );

  it("pairs what changed, and names what was added and removed", () => {
    const now = image(
      { [`${store("jdk-17.0.16")}/j`]: 51e6 },
      { [`${store("app-run")}/jar`]: 3e6 },
      { [`${store("new")}/n`]: 4e6 },
    );
    expect(difference(now, before, "app:old")).toEqual({
      summary: "differs from app:old: 3 of 3 layers are new, 58.0 MB",
      lines: [
        "~ jdk-17.0.15 => jdk-17.0.16, 50.0 MB => 51.0 MB",
        "+ new 4.0 MB",
        "~ app-run 2.0 MB => 3.0 MB",
        "- old 1.0 MB",
      ],
    });
  });

  it("names the files that were added to and removed from a changed path, and ignores links", () => {
    const migrations = (...files: string[]) =>
      image(
        Object.fromEntries([
          ["bin/migrate", 0],
          ...files.map((file) => [`${store("migrations")}/${file}`, 700]),
        ]),
      );
    const old = migrations("V1.sql", "V2.sql");
    const now = migrations("V1.sql", "V3.sql", "V4.sql", "V5.sql");
    now.layers[0]?.files.push({ path: "bin/other", size: 0, link: "/x" });
    expect(difference(now, old, "app:old").lines).toEqual([
      "~ migrations 1.4 kB => 2.8 kB (+ V3.sql, + V4.sql, + V5.sql, 1 more)",
    ]);
  });

  it("says if only the configuration differs, and treats docker's empty fields as unset", () => {
    const config = { Env: ["PATH=/bin"], Volumes: null, Hostname: "" };
    const same = difference({ ...before, config: { Env: ["PATH=/bin"] } }, { ...before, config }, "app:old");
    expect(same.lines).toEqual([]);
    const other = difference({ ...before, config: { Env: [] } }, { ...before, config }, "app:old");
    expect(other).toEqual({
      summary: "differs from app:old: no layer is new",
      lines: ["~ configuration (command, environment, labels or ports)"],
    });
  });
});
