/** Nix and Java read odd names and texts unchanged, or an error message says why not. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { renderProperties } from "../../components/javaProperties.ts";
import { nixArguments, ownSentence } from "../../lib/images/nix.ts";
import { run } from "../../lib/process.ts";
import { HOSTILE, hostile } from "../support/arbitraries.ts";
import { execute } from "../support/scratch.ts";

describe("an evaluation", () => {
  const folder = mkdtempSync(join(tmpdir(), "agatha-odd-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  const evaluate = (application: object) => {
    const args = [
      ...nixArguments("debian", JSON.stringify(application)),
      "--eval",
      "--strict",
      "--json",
      "-A",
      "meta",
    ];
    return run("nix-instantiate", args);
  };

  const tag = async (application: object) =>
    (JSON.parse((await evaluate(application)).stdout) as { front: { tag: string } }).front.tag;

  it.each(HOSTILE)("accepts a folder named %j, and its name changes no image", async (name) => {
    const dist = join(folder, `dist ${name.replaceAll("/", "")}`);
    mkdirSync(dist);
    writeFileSync(join(dist, "index.html"), "the same\n");
    const plain = join(folder, "dist");
    if (!existsSync(plain)) cpSync(dist, plain, { recursive: true });
    expect(await tag({ front: { dist } })).toBe(await tag({ front: { dist: plain } }));
  });

  // Regression: Nix's `readDir` looks at each entry; called once per entry, 7,447 icons took 53 s.
  it("of 8,000 files in one folder is fast", { timeout: 120_000 }, async () => {
    const dist = join(folder, "icons");
    mkdirSync(dist);
    for (let i = 0; i < 8000; i++) writeFileSync(join(dist, `${i}.svg`), "<svg/>");
    writeFileSync(join(dist, "index.html"), "");
    const start = performance.now();
    expect(await tag({ front: { dist } })).toMatch(/^[a-z0-9]{32}$/);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  const refused = (name: string, prepare: (path: string) => void) => {
    const path = join(folder, name);
    mkdirSync(path);
    prepare(path);
    return path;
  };

  const folderOf = (folder: string, names: string[]) =>
    refused(folder, (path) => {
      for (const name of names) {
        mkdirSync(dirname(join(path, name)), { recursive: true });
        writeFileSync(join(path, name), "SELECT 1;\n");
      }
    });

  it("packages exactly the migrations of a folder that Flyway runs", async () => {
    const runs = [
      ...["B1__a.sql", "R__view.sql", "V1__a.sql", "V1__a.sql.conf", "V2.SQL", "V2_1__b.sql"],
      ...["afterMigrate.sql", "beforeEachMigrate__x.sql", "sub/V3__ä b.Sql"],
    ];
    const none = [
      "README.md",
      "LICENSE",
      ".gitkeep",
      "._V1__a.sql",
      ".git/V9__x.sql",
      "V1__a.sql~",
      "V8__x.sql.orig",
    ];
    const migrations = folderOf("all kinds", [...runs, ...none]);
    const { stdout } = await evaluate({ back: { migrations } });
    const { back } = JSON.parse(stdout) as { back: { inputs: { migrations: object } } };
    expect(Object.keys(back.inputs.migrations).sort()).toEqual(runs.sort());
  });

  it.each<[string, () => object, string]>([
    ["the root as a jar", () => ({ back: { jar: "/" } }), 'agatha:back.jar: "/" is not a file.'],
    ["the root as a dist", () => ({ front: { dist: "/" } }), 'agatha:front.dist: "/" holds no index.html.'],
    [
      "a line break in a path",
      () => ({ back: { jar: 'a\n"b' } }),
      'agatha:back.jar: "a\\n\\"b" does not exist.',
    ],
    [
      "a pipe in a dist",
      () => ({
        front: {
          dist: refused("pipe", (path) => {
            writeFileSync(join(path, "index.html"), "");
            execFileSync("mkfifo", [join(path, "p")]);
          }),
        },
      }),
      'holds "p", which is no regular file. Put the file itself there.',
    ],
    ...[
      ["a migration's name in lower case", "v2__b.sql", "which Flyway does not run. Name it like"],
      ["one underscore", "sub/V2_b.sql", "which Flyway does not run."],
      [
        "an undo migration",
        "U1__a.sql",
        "an undo migration, which Flyway's open-source edition does not run.",
      ],
      ["a migration in Java", "V2__B.class", "which Flyway does not run."],
      ["a migration in a shell", "V2__b.sh", "which Flyway does not run."],
      ["SQL that is no migration", "seeds.SQL", "which Flyway does not run."],
      ["settings of no migration", "V2__b.sql.conf", "settings of no migration."],
    ].map(([title = "", name = "", problem = ""]): [string, () => object, string] => [
      title,
      () => ({ back: { migrations: folderOf(title, ["V1__a.sql", name]) } }),
      `holds "${name}", ${problem}`,
    ]),
    [
      "a link to a folder of migrations",
      () => ({
        back: {
          migrations: refused("link to a folder", (path) => {
            writeFileSync(join(path, "V1__a.sql"), "");
            symlinkSync("/", join(path, "old"));
          }),
        },
      }),
      'holds "old", which is no regular file.',
    ],
    [
      "a migration that is a link",
      () => ({
        back: {
          migrations: refused("link", (path) => {
            writeFileSync(join(path, "V1__a.sql"), "");
            symlinkSync("V1__a.sql", join(path, "V2__b.sql"));
          }),
        },
      }),
      'holds "V2__b.sql", which is no regular file. Put the file itself there.',
    ],
  ])("refuses %s with an error message", async (_, application, sentence) => {
    const { code, stderr } = await evaluate(application());
    expect(code).toBe(1);
    expect(ownSentence(stderr)).toContain(sentence);
  });
});

it("Java reads a properties file as we wrote it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "agatha-properties-"));
  try {
    const map = fc.dictionary(hostile, hostile, { maxKeys: 5, noNullPrototype: true });
    const maps = fc.sample(map, { numRuns: 200, seed: 7 });
    for (const [index, properties] of maps.entries())
      writeFileSync(join(folder, `${index}.properties`), renderProperties(properties, {}));
    writeFileSync(join(folder, "Read.java"), READ);
    const { code, output } = await execute("java", [join(folder, "Read.java"), folder, String(maps.length)]);
    expect(code, output).toBe(0);
    const decode = (text: string) => Buffer.from(text, "base64").toString("utf16le");
    const read = output
      .trimEnd()
      .split("\n")
      .map((line) => {
        const entries = line
          .split(" ")
          .slice(1)
          .map((entry) => entry.split(":").map(decode));
        return Object.fromEntries(entries as [string, string][]);
      });
    expect(read).toEqual(maps);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Prints what java.util.Properties reads: a line per file, `name:value` in base64 of UTF-16, separated by blanks. */
const READ = `
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;

class Read {
    public static void main(String[] args) throws Exception {
        for (int i = 0; i < Integer.parseInt(args[1]); i++) {
            Properties properties = new Properties();
            try (Reader reader = Files.newBufferedReader(Path.of(args[0], i + ".properties"), StandardCharsets.UTF_8)) {
                properties.load(reader);
            }
            StringBuilder line = new StringBuilder("=");
            for (String name : properties.stringPropertyNames())
                line.append(' ').append(encode(name)).append(':').append(encode(properties.getProperty(name)));
            System.out.println(line);
        }
    }

    static String encode(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_16LE));
    }
}
`;
