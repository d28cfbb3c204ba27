/** Moving in: what the seed's compose file runs is dumped and restored into a stack, also from dumps as people have them. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Ended, execute, Scratch } from "../support/scratch.ts";
import { runBlock } from "../support/scratchPage.ts";
import { expectSentences } from "../support/words.ts";

let scratch: Scratch;
/** Of the seed's database. */
let image: string;
const folder = () => join(scratch.folder, "db_data");
const seed = () => scratch.named("seed");
const file = (name: string) => join(scratch.folder, name);

/** A block of docs/moving-in.md, which has to succeed. */
const documented = (name: string, words: Record<string, string> = {}): Promise<string> =>
  runBlock(scratch, ["docs/moving-in.md", "integration/movingIn.test.ts", name], { words });

function restore(path: string, ...more: string[]): Promise<Ended> {
  const options = ["--stack", scratch.stack, "--config-file", scratch.configFile];
  return execute(process.execPath, ["scripts/restore.ts", path, ...options, ...more], scratch.env);
}

/** In the seed's database, as its superuser. */
const seedSql = (statement: string, ...more: string[]) =>
  scratch.docker(
    ...[
      "exec",
      seed(),
      "psql",
      "-U",
      "postgres",
      "-d",
      "docker_agatha_db",
      "-qtAX",
      ...more,
      "-c",
      statement,
    ],
  );

beforeAll(async () => {
  scratch = await Scratch.make();
  // The stack has a migration that the seed does not know yet.
  writeFileSync(join(scratch.migrations, "V9__later.sql"), "create table later (id bigint primary key);\n");
  await scratch.upWell();
  await runSeed();
});
afterAll(() => scratch?.remove());

/** The seed's service agatha-db, with what its back end and its people put into it. */
async function runSeed(): Promise<void> {
  mkdirSync(folder());
  const images = (await scratch.outputs())["images"] as Record<string, { ref: string }>;
  image = images["db"]?.ref ?? "";
  const label = ["--label", `agatha.stack=${scratch.stack}`];
  await scratch.docker(
    ...["run", "--detach", "--name", seed(), ...label, "--volume", `${folder()}:/var/lib/postgresql/data`],
    ...["--env", "POSTGRES_PASSWORD=agatha-db-password", "--env", "POSTGRES_USER=postgres"],
    ...["--env", "POSTGRES_DB=docker_agatha_db", image],
  );
  await vi.waitFor(() => seedSql("select 1", "-h", "127.0.0.1"), { timeout: 60_000, interval: 200 });
  const url = "FLYWAY_URL=jdbc:postgresql://127.0.0.1:5432/docker_agatha_db";
  await scratch.docker(
    ...["run", "--rm", ...label, "--network", `container:${seed()}`, "--env", url],
    ...[
      "--env",
      "FLYWAY_USER=postgres",
      "--env",
      "FLYWAY_TARGET=6",
      images["back"]?.ref ?? "",
      "/bin/agatha-back-migrate",
    ],
  );
  await seedSql(`
    insert into budget (name, amount_cents) values ('Küche ''n'' "Bad"', 1), (E'tab\\t, line\\n, \\\\', 2);
    create table "Odd, table" ("a b" int);
    insert into "Odd, table" select generate_series(1, 1000);
    create role app login password 'of the old database';
    create role reader;
    create role "the ""policy";
    alter table "Odd, table" owner to app;
    grant select on budget to reader;
    alter table "Odd, table" enable row level security;
    create policy theirs on "Odd, table" to "the ""policy" using ("a b" > 1);
    alter database docker_agatha_db set work_mem = '5MB';
    create extension hstore;
    select lo_from_bytea(0, 'large')`);
}

/** A dump by the seed's own pg_dump. */
async function dump(name: string, ...options: string[]): Promise<string> {
  const args = ["exec", seed(), "pg_dump", "-U", "postgres", ...options, "docker_agatha_db"];
  const quoted = args.map((arg) => `'${arg}'`).join(" ");
  const { code, output } = await execute("sh", ["-c", `docker ${quoted} > '${file(name)}'`], scratch.env);
  expect(code, output).toBe(0);
  return file(name);
}

const ROLES = ["app", "reader", 'the "policy'];
const roles = () =>
  scratch.sql("select rolname, rolcanlogin, rolpassword from pg_authid where oid >= 16384 order by 1");

/** All of the seed's data is there, and the back serves it. */
async function expectMovedIn(): Promise<void> {
  const budgets = (await (await fetch(`${scratch.backUrl}/api/budgets`)).json()) as { name: string }[];
  expect(budgets.map(({ name }) => name).sort()).toEqual(["Küche 'n' \"Bad\"", "tab\t, line\n, \\"]);
  expect(await scratch.sql('select count(*), sum("a b") from "Odd, table"')).toEqual(["1000\t500500"]);
  expect(await scratch.sql("select tableowner from pg_tables where tablename = 'Odd, table'")).toEqual([
    "app",
  ]);
  expect(await scratch.sql("select has_table_privilege('reader', 'budget', 'select')")).toEqual(["t"]);
  expect(await scratch.sql("select roles from pg_policies")).toEqual(['{"the \\"policy"}']);
  expect(await roles()).toEqual(ROLES.map((role) => `${role}\tf\t`));
  expect(await scratch.sql("select datname from pg_database where datname ~ '^agatha_'")).toEqual([]);
}

describe("with docs/moving-in.md", () => {
  it("a stack gets the names that the data has", async () => {
    await documented("names");
    expect(scratch.config["database"]).toEqual({ name: "docker_agatha_db", user: "postgres", version: 13 });
  });

  it("the dump of the compose stack brings what the seed has, and the roles that it needs", async () => {
    await documented("dump", {
      // Compose finds the container by the service's name, and is not on every machine.
      "docker compose exec -T agatha-db": `docker exec ${seed()}`,
      "> agatha.dump": `> ${file("agatha.dump")}`,
    });
    // Without a terminal, nobody can be asked.
    const asked = await restore(file("agatha.dump"));
    expect(asked.code).toBe(1);
    expect(asked.output).toContain("there is no terminal to ask at. Nothing was changed. Add --yes.");
    expect(await roles()).toEqual([]);
    const output = await documented("restore", {
      "restore -- agatha.dump": `restore -- ${file("agatha.dump")} --yes`,
      "agatha.dump:": `${file("agatha.dump")}:`,
    });
    expect(output).toContain(
      'It names roles that the stack does not have, and which are made without login or password: app, reader, the "policy.',
    );
    expect(output).toMatch(
      /It has the schema history of \d+ migrations, the last V6__\S+\. Of the stack's, V9__later\.sql did not run/,
    );
    expectSentences(scratch, output);
    await expectMovedIn();
    expect(await scratch.sql("show work_mem")).toEqual(["5MB"]);
    expect(
      await scratch.sql("select convert_from(lo_get(oid), 'UTF8') from pg_largeobject_metadata"),
    ).toEqual(["large"]);
  });

  it("the stack runs the migrations that the old database did not have", async () => {
    expect(await scratch.sql("select to_regclass('later')")).toEqual([]);
    const output = await documented("migrations");
    expect(output).toMatch(/Successfully applied 1 migration/);
    expect(await scratch.sql("select to_regclass('later')")).toEqual(["later"]);
    await expectMovedIn();
  });

  it("the old image over the folder gives a dump, too, also after its server was killed", async () => {
    await scratch.docker("kill", seed());
    const old = scratch.named("old-db");
    await documented("dump of the folder", {
      "old-db": old,
      '"$PWD/db_data': `"${folder()}`,
      "run --detach": `run --detach --label agatha.stack=${scratch.stack}`,
      "postgres:13": image,
      "> agatha.dump": `> ${file("folder.dump")}`,
    });
    await scratch.docker("rm", "--volumes", old);
    expect((await restore(file("folder.dump"), "--yes")).code).toBe(0);
    await expectMovedIn();
    await scratch.docker("start", seed());
    await vi.waitFor(() => seedSql("select 1", "-h", "127.0.0.1"), { timeout: 60_000, interval: 200 });
  });
});

describe("a dump", () => {
  it.each<[string, string[], (text: string) => string | Buffer]>([
    [
      "as packed SQL with --create, by a newer pg_dump",
      ["--create", "--clean", "--if-exists"],
      (text) =>
        gzipSync(
          text.replaceAll("SET lock_timeout = 0;", "SET lock_timeout = 0;\nSET transaction_timeout = 0;"),
        ),
    ],
    [
      "as SQL without the lines of newer minor versions, of the schema public",
      ["--schema=public"],
      (text) => text.replaceAll(/^\\(un)?restrict .*\n/gm, ""),
    ],
    ["as INSERTs", ["--inserts"], (text) => text],
  ])("%s is restored", async (_, options, change) => {
    await scratch.sql('drop owned by app, reader, "the ""policy"');
    for (const role of ROLES) await scratch.sql(`drop role "${role.replace('"', '""')}"`);
    const path = await dump("other.sql", ...options);
    writeFileSync(path, change(readFileSync(path, "utf8")));
    const { code, output } = await restore(path, "--yes");
    expect(code, output).toBe(0);
    expect(output).toMatch(/Restored into docker_agatha_db of stack .*: 4 tables, 1010 rows/);
    await expectMovedIn();
  });

  describe("is refused, with data and roles as they were:", () => {
    let before: unknown;
    const state = async () => [
      await scratch.running(),
      await scratch.sql("select name from budget order by id"),
      await roles(),
      await scratch.sql("select datname from pg_database where datname ~ '^agatha_'"),
    ];
    const refused = async (path: string, message: RegExp) => {
      const { code, output } = await restore(path, "--yes");
      expect(code, output).toBe(1);
      expect(output).toMatch(message);
      expectSentences(scratch, output);
      expect(await state()).toEqual(before);
    };
    beforeAll(async () => {
      await scratch.sql("drop owned by reader");
      await scratch.sql("drop role reader");
      before = await state();
    });

    it.each<[string, string[], (text: string) => string | Buffer, RegExp]>([
      [
        "UTF-16",
        [],
        (text) => Buffer.from(`\ufeff${text}`, "utf16le"),
        /was rewritten on its way here: .*UTF-16/,
      ],
      ["an archive through a terminal", ["-Fc"], (text) => text.replaceAll("\n", "\r\n"), /CR LF line ends/],
      [
        "SQL that is cut off",
        [],
        (text) => text.slice(0, -200),
        /is cut off: the line that pg_dump ends with/,
      ],
      ["packed, and cut off", [], (text) => gzipSync(text).subarray(0, -2000), /unexpected end of file/],
      ["--clean alone", ["--clean"], (text) => text, /was taken with --clean, .* --if-exists too/],
      [
        "an extension",
        [],
        (text) => text.replaceAll("hstore", "vector"),
        /that the stack's image does not have: vector\./,
      ],
      [
        "another database",
        [],
        (text) => text.replace("\nCOPY ", "\n\\connect postgres\nCOPY "),
        /has a command of psql/,
      ],
      [
        "a newer PostgreSQL",
        [],
        (text) => text.replace("version 13", "version 17"),
        /is from PostgreSQL 17\.14, and/,
      ],
      [
        "an error within",
        [],
        (text) => text.replace("'UTF8'", "'UTF9'"),
        /psql into "agatha_restoring" failed: /,
      ],
    ])("%s", async (_, options, change, message) => {
      const path = await dump("bad.sql", ...options);
      writeFileSync(
        path,
        change(readFileSync(path, options.includes("-Fc") ? "latin1" : "utf8")),
        options.includes("-Fc") ? "latin1" : "utf8",
      );
      await refused(path, message);
    });

    it("all databases of a server, and a folder", async () => {
      writeFileSync(file("all.sql"), "--\n-- PostgreSQL database cluster dump\n--\n");
      await refused(file("all.sql"), /holds all databases of a server, by pg_dumpall\. Take it with/);
      await refused(folder(), /db_data is a folder/);
    });
  });
});
