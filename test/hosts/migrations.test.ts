/** Migrations on a database with data: backed up before, all or nothing, and never other ones than those that ran. */
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../support/engine.ts";
import { putEntry } from "../support/jar.ts";
import { changes, type Ended, execute, Scratch } from "../support/scratch.ts";
import { expectSentences } from "../support/words.ts";

let engine: Engine;
let scratch: Scratch;
let folder: string;

beforeAll(async () => {
  engine = await Engine.make();
  scratch = await Scratch.make(engine.asHost);
  folder = join(scratch.folder, "backups");
  mkdirSync(folder);
  scratch.config["backups"] = { to: folder, keep: 1 };
  await scratch.upWell();
});
afterAll(async () => {
  try {
    await scratch?.remove();
  } finally {
    await engine?.remove();
  }
});

const dumps = () => readdirSync(folder).filter((name) => name.endsWith(".dump"));
const automatic = () => dumps().filter((name) => name.endsWith("-before-migrations.dump"));
const write = (name: string, sql: string) => writeFileSync(join(scratch.migrations, name), sql);
const history = () =>
  scratch.sql("select script, success from flyway_schema_history order by installed_rank");

/** An `up` that fails in sentences, while everything that runs stays, and the schema too. */
async function refused(): Promise<string> {
  const before = [await scratch.running(), await history()];
  const { code, output } = (await scratch.up()) as Ended;
  expect(code, output).not.toBe(0);
  expectSentences(scratch, output);
  expect([await scratch.running(), await history()]).toEqual(before);
  expect((await fetch(`${scratch.backUrl}/health`)).status).toBe(200);
  return output;
}

describe("a backup", () => {
  it("is not taken of a database without tables, nor for a new jar", async () => {
    expect(dumps()).toEqual([]);
    await putEntry(scratch.jar, "release.txt", "migrations\n");
    await scratch.upWell();
    expect(dumps()).toEqual([]);
  });

  it("is taken before migrations that are new, and told", async () => {
    await scratch.sql("insert into budget (name, amount_cents) values ('kept', 1)");
    const args = ["scripts/backup.ts", "--stack", scratch.stack, "--config-file", scratch.configFile];
    expect((await execute(process.execPath, args, scratch.env)).code).toBe(0);
    write("V7__one.sql", "CREATE TABLE one (id int);");
    const { output } = await scratch.upWell();
    expect(automatic()).toHaveLength(1);
    expect(output).toContain(
      `backed up before the migrations: ${join(folder, automatic()[0] ?? "")}, 0.0 MB, 3 tables, 8 rows, `,
    );
  });

  it("is kept as often as configured; what a person took stays", async () => {
    const [first] = automatic();
    write("V8__two.sql", "CREATE TABLE two (id int);");
    await scratch.upWell();
    expect(automatic()).toHaveLength(1);
    expect(automatic()).not.toContain(first);
    expect(dumps()).toHaveLength(2);
    expect(readdirSync(folder)).toHaveLength(4);
  });

  it("that fails ends the update before anything is migrated", async () => {
    write("V9__guarded.sql", "CREATE TABLE guarded (id int);");
    // A file in the folder's place: found, with room, and not to be written into.
    renameSync(folder, `${folder}-away`);
    writeFileSync(folder, "");
    const output = await refused();
    expect(output).toContain("migrations: the backup before them failed, so nothing was migrated");
    expect(output).toMatch(/backup: .* cannot be written: ENOTDIR/);
    rmSync(folder);
    renameSync(`${folder}-away`, folder);
  });
});

describe("migrations", () => {
  it("of one update apply all or nothing; mended, they apply", async () => {
    write("V11__good.sql", "CREATE TABLE good (id int);");
    write("V12__bad.sql", "CREATE TABLE bad (id int); SELECT * FROM nowhere;");
    const output = await refused();
    expect(output).toContain("the back that runs stays as it is. The schema is as it was.");
    expect(output).toContain('relation "nowhere" does not exist');
    expect(output).toContain("V12__bad.sql");
    expect(await scratch.sql("select to_regclass('good')")).toEqual([]);
    write("V12__bad.sql", "CREATE TABLE bad (id int);");
    await scratch.upWell();
    expect(await scratch.sql("select to_regclass('guarded'), to_regclass('bad')")).toEqual(["guarded\tbad"]);
  });

  it("that PostgreSQL runs in no transaction run one by one, and it is told which stay", async () => {
    await scratch.sql("insert into good values (1), (1)");
    write("V13__before.sql", "ALTER TABLE good ADD COLUMN name text;");
    write("V14__index.sql", "CREATE UNIQUE INDEX CONCURRENTLY good_id ON good (id);");
    const failed = await scratch.up();
    expect(failed.code).not.toBe(0);
    expect(failed.output).toContain("stays as it is. Applied, and kept: V13__before.sql. Mend");
    expect(failed.output).toContain('could not create unique index "good_id"');
    expect((await fetch(`${scratch.backUrl}/health`)).status).toBe(200);
    // What failed left an index behind that is not valid, as PostgreSQL says it would.
    write("V14__index.sql", "DROP INDEX IF EXISTS good_id;");
    write("V15__index.sql", "CREATE INDEX CONCURRENTLY good_id ON good (id);");
    await scratch.upWell();
    expect((await history()).slice(-3)).toEqual([
      "V13__before.sql\tt",
      "V14__index.sql\tt",
      "V15__index.sql\tt",
    ]);
  });

  it("that were edited after they ran, or come too late, are refused by name", async () => {
    const file = join(scratch.migrations, "V7__one.sql");
    writeFileSync(file, "CREATE TABLE one (id bigint);");
    write("V3.5__late.sql", "SELECT 1;");
    const output = await refused();
    expect(output).toContain("V7__one.sql was edited after it ran. Put it back as it was");
    expect(output).toContain(
      "V3.5__late.sql comes before migrations that ran already. Give it a version higher than theirs.",
    );
    writeFileSync(file, "CREATE TABLE one (id int);");
    rmSync(join(scratch.migrations, "V3.5__late.sql"));
  });

  it("that are packaged no more, newest or not, or have names that tell nothing, are refused by name", async () => {
    const away = join(scratch.folder, "away");
    mkdirSync(away);
    const missing = ["V8__two.sql", "V15__index.sql"];
    for (const name of missing) renameSync(join(scratch.migrations, name), join(away, name));
    write("v16__small.sql", "SELECT 1;");
    const before = dumps();
    const output = await refused();
    for (const name of missing)
      expect(output).toContain(`${name} ran on this database and is not among the migrations.`);
    expect(output).toContain("v16__small.sql has a name that Flyway passes over.");
    expect(dumps()).toEqual(before);
    for (const name of missing) renameSync(join(away, name), join(scratch.migrations, name));
    rmSync(join(scratch.migrations, "v16__small.sql"));
  });

  it("that are as they ran pass again, and nothing is left to do", async () => {
    await scratch.upWell();
    expect(changes((await scratch.up()).operations)).toEqual({});
  });
});
