/** Names and values that a shell, SQL, Nix or Java would take for something else arrive as they are, for real. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { applicationOf } from "../../components/evaluate.ts";
import { nixArguments, ownSentence } from "../../components/nixArguments.ts";
import { renderProperties } from "../../components/properties.ts";
import { loadConfig } from "../../config.ts";
import { run } from "../../steps/process.ts";
import { alterRole } from "../../steps/sql.ts";
import { HOSTILE, hostile } from "../support/arbitraries.ts";
import { execute, Scratch } from "../support/scratch.ts";

let scratch: Scratch;
/** Would be made by any shell that got hold of a name or value below. */
let marker: string;
/** A name of a file with all of it: no slash, at most 255 bytes. */
let odd: string;
let values: Record<string, string>;

beforeAll(async () => {
  scratch = await Scratch.make();
  marker = `agatha-marker-${basename(scratch.folder)}`;
  odd = `-a b'c"d; $(touch ${marker}) \`touch ${marker}\` & | > ${marker} \\ * ? # % \${HOME} ''\${x} é日本😀\n[x]`;
  values = Object.fromEntries(
    // The configuration refuses others as variables.
    HOSTILE.filter((text) => text.normalize() === text).map((text, index) => [
      `ODD_${index}`,
      text.replaceAll("touch x", `touch ${marker}`),
    ]),
  );
  await scratch.docker("version");
  placeOddly();
});
afterAll(async () => {
  await scratch?.remove();
});

/** Moves the application's inputs into a folder with an odd name, adds files with odd names, and hands over values. */
function placeOddly(): void {
  const folder = join(scratch.folder, odd);
  mkdirSync(folder);
  const [jar, migrations, dist] = [`app ${odd}.jar`, `sql ${odd}`, `dist ${odd}`].map((name) =>
    join(folder, name),
  );
  for (const [from, to] of [
    [scratch.jar, jar],
    [scratch.migrations, migrations],
    [scratch.dist, dist],
  ] as const)
    renameSync(from, to as string);
  writeFileSync(
    join(migrations as string, `V99__${odd.replaceAll("\n", "")}.sql`),
    "CREATE TABLE odd (id int);\n",
  );
  writeFileSync(join(dist as string, `${odd}.txt`), "served\n");
  writeFileSync(join(folder, `file ${odd}`), `${odd}\n`);
  scratch.back({
    jar,
    migrations,
    env: values,
    properties: { ...backProperties, ...values },
    javaOptions: ["-Dlogback.configurationFile=logback.xml", `-Dagatha.odd=${odd}`],
    files: {
      "/home/logback.xml": { file: "sample/logback.xml" },
      "/home/given.txt": { file: join(folder, `file ${odd}`) },
      [`/home/${odd}`]: { text: odd },
    },
  });
  const front = scratch.config["front"] as { files: object };
  scratch.config["front"] = { ...front, dist, files: { ...front.files, [`laid ${odd}.txt`]: { text: odd } } };
}

const backProperties = {
  serverPort: "8000",
  databaseUrl: "jdbc:postgresql://${databaseHost}:${databasePort}/${databaseName}",
  databaseUser: "${databaseUser}",
  databasePassword: "${databasePassword}",
};

/** What a file or a variable in the back's container is, exactly: bash is all that there is to read it with. */
async function inBack(script: string, name: string): Promise<string> {
  const args = ["exec", scratch.container("back"), "/bin/bash", "-c", script, "bash", name];
  const { code, stdout, stderr } = await run("docker", args);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}
const variable = (name: string) => inBack('printf %s "${!1}"', name);
const file = (path: string) => inBack('IFS= read -r -d "" text < "$1"; printf %s "$text"', path);

describe("a stack whose files and values are oddly named", () => {
  it("comes up, and its next up changes nothing", async () => {
    await scratch.upWell();
    const { operations } = await scratch.upWell();
    expect(Object.values(operations).filter((op) => op !== "same")).toEqual([]);
    expect(await scratch.sql("select to_regclass('odd')")).toEqual(["odd"]);
  });

  it("hands over every variable as it was written", async () => {
    for (const [name, value] of Object.entries(values)) expect(await variable(name), name).toBe(value);
  });

  it("hands over every file as it was written", async () => {
    expect(await file(`/home/${odd}`)).toBe(odd);
    expect(await file("/home/given.txt")).toBe(`${odd}\n`);
    const filled = {
      databaseHost: "agatha-db",
      databasePort: "5432",
      databaseName: "docker_agatha_db",
      databaseUser: "postgres",
      databasePassword: scratch.password,
    };
    const text = renderProperties({ ...backProperties, ...values }, filled);
    expect(await file("/home/gradle.properties")).toBe(text);
  });

  it("serves what was laid over the front, and what was in dist", async () => {
    const get = async (name: string) => {
      const response = await fetch(`${scratch.frontUrl}/${encodeURIComponent(name)}`);
      return { status: response.status, text: await response.text() };
    };
    expect(await get(`laid ${odd}.txt`)).toEqual({ status: 200, text: odd });
    expect(await get(`${odd}.txt`)).toEqual({ status: 200, text: "served\n" });
  });

  it("ran none of it in a shell: no marker appears on the host or in a container", async () => {
    const places = [process.cwd(), scratch.folder, dirname(scratch.folder), process.env["HOME"] ?? "/root"];
    for (const folder of places) expect(existsSync(join(folder, marker)), folder).toBe(false);
    for (const service of ["db", "back", "front"]) {
      const changed = await scratch.docker("diff", scratch.container(service));
      expect(changed.filter((line) => line.endsWith(`/${marker}`))).toEqual([]);
    }
  });

  it("takes any password, and PostgreSQL asks for exactly that one", async () => {
    const db = scratch.container("db");
    const psql = ["psql", "-U", "postgres", "-d", "postgres", "-qtAX", "-v", "ON_ERROR_STOP=1"];
    const passwords = [...HOSTILE, ...fc.sample(hostile, { numRuns: 12, seed: 5 }), "x".repeat(900)];
    for (const given of passwords) {
      // The configuration refuses these; PostgreSQL takes an empty one for none.
      const password = given.replace(/[\0\r\n]/g, "") || "p";
      await run("docker", ["exec", "-i", db, ...psql], alterRole("postgres", password));
      // By its name in the network: on its own 127.0.0.1 it asks nobody.
      const login = [
        "exec",
        "-e",
        `PGPASSWORD=${password}`,
        db,
        ...psql,
        "-h",
        "agatha-db",
        "-c",
        "select 'in'",
      ];
      expect(await run("docker", login), JSON.stringify(password)).toMatchObject({ code: 0, stdout: "in\n" });
      const wrong = [
        "exec",
        "-e",
        `PGPASSWORD=${password}x`,
        db,
        ...psql,
        "-h",
        "agatha-db",
        "-c",
        "select 'in'",
      ];
      if (password === passwords[0])
        expect((await run("docker", wrong)).stderr).toContain("password authentication");
    }
    expect(await scratch.sql("select to_regclass('budget')")).toEqual(["budget"]);
  });

  it("takes any role's name", async () => {
    const db = scratch.container("db");
    const psql = ["psql", "-U", "postgres", "-d", "postgres", "-qtAX", "-v", "ON_ERROR_STOP=1"];
    for (const role of HOSTILE.map((text) => text.slice(0, 30))) {
      // PostgreSQL's own quoting makes the role.
      const create = `select format('CREATE ROLE %I', $agatha$${role}$agatha$)\\gexec\n`;
      expect(await run("docker", ["exec", "-i", db, ...psql], create)).toMatchObject({ code: 0, stderr: "" });
      const { code, stderr } = await run("docker", ["exec", "-i", db, ...psql], alterRole(role, "p"));
      expect(code, `${JSON.stringify(role)} ${stderr}`).toBe(0);
    }
  });
});

describe("an evaluation", () => {
  const folder = mkdtempSync(join(tmpdir(), "agatha-odd-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  const evaluate = async (application: object) => {
    const args = [
      ...nixArguments("host", JSON.stringify(application)),
      "--eval",
      "--strict",
      "--json",
      "-A",
      "meta",
    ];
    return run("nix-instantiate", args);
  };

  it("is of what is in the files: their names change no image", async () => {
    const { back, front } = scratch.config as { back: object; front: object };
    const raw = {
      back: JSON.stringify(back),
      front: JSON.stringify(front),
      packages: "host",
      databasePassword: "p",
    };
    const keyed = Object.fromEntries(Object.entries(raw).map(([key, value]) => [`agatha:${key}`, value]));
    const config = loadConfig(keyed, { stack: "dev", packages: "host", password: "p" });
    const named = await evaluate({ ...applicationOf(config).front });
    const plain = join(folder, "dist");
    renameSync(config.front.dist, plain);
    const moved = await evaluate({ front: { dist: plain } });
    renameSync(plain, config.front.dist);
    const tag = ({ stdout }: { stdout: string }) =>
      (JSON.parse(stdout) as { front: { tag: string } }).front.tag;
    expect(tag(named)).toBe(tag(moved));
  });

  const refused = (name: string, prepare: (path: string) => void) => {
    const path = join(folder, name);
    mkdirSync(path);
    prepare(path);
    return path;
  };

  it.each([
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
  ])("refuses %s in a sentence", async (_, application, sentence) => {
    const { code, stderr } = await evaluate(application());
    expect(code).toBe(1);
    expect(ownSentence(stderr)).toContain(sentence);
  });
});

it("a properties file is to Java what it is to us", async () => {
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

/** Prints what java.util.Properties reads: a line a file, `name:value` in base64 of UTF-16, blanks between. */
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
