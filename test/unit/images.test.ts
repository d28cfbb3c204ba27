import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import tar from "tar-stream";
import { describe, expect, it } from "vitest";
import { efficiency, groupOf, groups, layerBytes, nameOf } from "../../lib/images/report/analyse.ts";
import { readArchive } from "../../lib/images/report/archive.ts";
import { difference } from "../../lib/images/report/deployed.ts";
import { type Image, megabytes } from "../../lib/images/report/model.ts";

type Header = Partial<tar.Header> & { name: string };

const HASH = "0123456789abcdfghijklmnpqrsvwxyz";
const store = (name: string) => `nix/store/${HASH}-${name}`;

type Files = Record<string, number>;

/** An image of layers of files by size; `link:` names are left to the archive's own test. */
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

const documents = (layers: string[]): [Header, string][] => [
  [
    { name: "manifest.json" },
    JSON.stringify([{ Config: "config.json", RepoTags: ["app:tag"], Layers: layers }]),
  ],
  [
    { name: "config.json" },
    JSON.stringify({
      config: { Labels: { a: "b" } },
      rootfs: { diff_ids: layers.map((name) => `id of ${name}`) },
    }),
  ],
];

const read = async (entries: [Header, (string | Buffer)?][]) =>
  readArchive(Readable.from([await pack(entries)]));

describe("a docker archive", () => {
  it("gives ref, configuration, and each layer's files and links, whichever comes first", async () => {
    const layer: [Header, Buffer] = [{ name: "abc/layer.tar" }, await layerTar()];
    const first = await read([...documents(["abc/layer.tar"]), layer]);
    expect(await read([layer, ...documents(["abc/layer.tar"])])).toEqual(first);
    expect(first).toEqual({
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
    const { layers } = await read([
      [{ name: "blobs/sha256/abc" }, gzipSync(await layerTar())],
      [{ name: "b/layer.tar", type: "symlink", linkname: "../blobs/sha256/abc" }],
      ...documents(["blobs/sha256/abc", "b/layer.tar"]),
    ]);
    expect(layers.map(({ files }) => files.length)).toEqual([3, 3]);
  });

  it("shows the files that are asked for, with their content", async () => {
    const seen: string[] = [];
    const archive = await pack([[{ name: "l/layer.tar" }, await layerTar()], ...documents(["l/layer.tar"])]);
    await readArchive(Readable.from([archive]), {
      wants: (path) => path.endsWith("passwd"),
      take: (path, content) => seen.push(`${path} ${content}`),
    });
    expect(seen).toEqual(["etc/passwd root"]);
  });

  it("is refused in a sentence where it is cut short or no archive", async () => {
    await expect(read(documents(["gone/layer.tar"]))).rejects.toThrow(
      "image archive: layer gone/layer.tar is not in it. Build or load the image again.",
    );
    await expect(read([[{ name: "a" }, "{}"]])).rejects.toThrow("image archive: it has no manifest.json.");
    await expect(readArchive(Readable.from([(await layerTar()).subarray(0, 700)]))).rejects.toThrow();
  });
});

describe("efficiency as dive counts it", () => {
  it("is all where no layer repeats another's path", () => {
    expect(efficiency(image({ a: 10 }, { b: 20 }))).toEqual({ score: 1, wasted: 0 });
    expect(efficiency(image({}))).toEqual({ score: 1, wasted: 0 });
  });

  it("counts a path that is there again by its smallest size", () => {
    expect(efficiency(image({ a: 100, b: 50 }, { a: 40 }))).toEqual({ score: 90 / 190, wasted: 100 });
  });

  it("counts what a later layer removes as wasted, files and folders alike", () => {
    expect(efficiency(image({ a: 30, b: 70 }, { ".wh.a": 0 }))).toEqual({ score: 0.7, wasted: 30 });
    expect(efficiency(image({ "d/a": 30, "d/e/b": 30, c: 40 }, { ".wh.d": 0 })).wasted).toBe(60);
    expect(efficiency(image({ "d/a": 30, c: 70 }, { "d/.wh..wh..opq": 0, "d/n": 5 })).wasted).toBe(30);
  });
});

describe("contents of an image", () => {
  it("are its store paths, and folders of the rest, biggest first, without what is hidden", () => {
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

  it("count in docker's size even where they are hidden", () => {
    expect(layerBytes(image({ a: 10 }, { a: 5 }))).toBe(15);
  });

  it.each([
    [`${store("app")}/bin/app`, `/${store("app")}`],
    [store("serve.js"), `/${store("serve.js")}`],
    ["usr/lib/x86/libz.so", "/usr/lib"],
    ["bin/sh", "/bin"],
    ["init", "/"],
  ])("%s is of %s", (path, group) => expect(groupOf(path)).toBe(group));

  it("go by their names without the hash", () => {
    expect(nameOf(`/${store("app-1.2")}`)).toBe("app-1.2");
    expect(nameOf("/etc")).toBe("/etc");
  });

  it("are told in units that leave something to read", () => {
    expect([0, 900, 12_345, 999_499, 999_500, 64_140_405].map(megabytes)).toEqual([
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

  it("pairs what changed, and names what comes and goes", () => {
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

  it("names the files that come and go in what changed, and is silent about links", () => {
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

  it("says when only the configuration is another, and takes docker's empty fields for none", () => {
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
