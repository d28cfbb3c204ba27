/** Migrations on a database with data: a backup before them, Flyway's default behaviour, and no change to those that ran. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packagedIn } from "../../lib/database/migrations/checkInPreview.ts";
import { run } from "../../lib/process.ts";
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

/** An `up` that fails with a user-facing message, while everything keeps running. */
async function failed(): Promise<string> {
  const before = await scratch.running();
  const { code, output } = (await scratch.up()) as Ended;
  expect(code, output).not.toBe(0);
  expectSentences(scratch, output);
  expect(await scratch.running()).toEqual(before);
  expect((await fetch(`${scratch.backUrl}/health`)).status).toBe(200);
  return output;
}

/**
 * The migration step alone, as an update runs it: with an image that has the migrations as they are now. Whole updates are at the
 * beginning and at the end.
 */
async function migrate(): Promise<Ended> {
  const [container, image] = [scratch.named("migrations"), `agatha-back-image:${scratch.stack}`];
  const [deployed = ""] = await scratch.docker(
    "inspect",
    await scratch.container("back"),
    "--format",
    "{{.Image}}",
  );
  await scratch.docker("create", "--name", container, deployed);
  try {
    const wrapper = join(scratch.folder, "wrapper");
    await scratch.docker("cp", "--follow-link", `${container}:/bin/agatha-back-migrate`, wrapper);
    const [, place = ""] = /filesystem:(\/[\w./-]+)/.exec(readFileSync(wrapper, "utf8")) ?? [];
    await scratch.docker("cp", `${scratch.migrations}/.`, `${container}:${place}`);
    await scratch.docker("commit", container, image);
    const files = readdirSync(scratch.migrations);
    const { code, output } = await run(process.execPath, ["steps/migrate.ts"], {
      input: JSON.stringify(packagedIn(scratch.migrations, files)),
      env: {
        ...scratch.env,
        ...{ STACK: scratch.stack, CONTAINER: scratch.named("migrate"), IMAGE: image },
        ...{ BACKUPS_KEEP: "1", BACKUPS_TO: folder, DATABASE_CONTAINER: await scratch.container("db") },
        ...{ DATABASE_NAME: "docker_agatha_db", DATABASE_USER: "postgres" },
      },
    });
    return { code: code ?? 1, output };
  } finally {
    await scratch.docker("rm", container);
    await scratch.docker("rmi", image);
  }
}

async function migrates(): Promise<void> {
  const { code, output } = await migrate();
  expect(code, output).toBe(0);
}

/** A step that fails with a user-facing message. */
async function stepFails(): Promise<string> {
  const { code, output } = await migrate();
  expect(code, output).toBe(1);
  expectSentences(scratch, output);
  return output;
}

/** One that also leaves the schema unchanged. */
async function refused(): Promise<string> {
  const before = await history();
  const output = await failed();
  expect(await history()).toEqual(before);
  return output;
}

describe("a backup", () => {
  it("is not taken of a database without tables, but before new migrations, and reported", async () => {
    expect(dumps()).toEqual([]);
    await scratch.sql("insert into budget (name, amount_cents) values ('kept', 1)");
    const args = ["scripts/backup.ts", "--stack", scratch.stack, "--config-file", scratch.configFile];
    expect((await execute(process.execPath, args, scratch.env)).code).toBe(0);
    write("V7__one.sql", "CREATE TABLE one (id int);");
    write("V8__two.sql", "CREATE TABLE two (id int);");
    const { output } = await scratch.upWell();
    expect(automatic()).toHaveLength(1);
    expect(output).toContain(
      `backed up before the migrations: ${join(folder, automatic()[0] ?? "")}, 0.0 MB, 3 tables, 8 rows, `,
    );
  });

  it("is taken before new callbacks, since no history records what they do; the last one goes, not a person's", async () => {
    const [first] = automatic();
    write("afterMigrate.sql", "update budget set name = name;");
    const { output } = await scratch.upWell();
    expect(output).toContain("backed up before the migrations: ");
    // With backups.keep at 1.
    expect(automatic()).toHaveLength(1);
    expect(automatic()).not.toContain(first);
    expect(dumps()).toHaveLength(2);
    expect(readdirSync(folder)).toHaveLength(4);
    rmSync(join(scratch.migrations, "afterMigrate.sql"));
  });

  it("that fails ends the update before anything is migrated", async () => {
    write("V9__guarded.sql", "CREATE TABLE guarded (id int);");
    // A file in place of the folder: it exists, has space, and cannot be written into.
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
  it("run as by default in Flyway, each in its own transaction, so that later ones see committed changes", async () => {
    write(
      "V10__kind.sql",
      "CREATE TYPE kind AS ENUM ('a'); CREATE TABLE goal (id int PRIMARY KEY, kind kind);",
    );
    write("V11__more.SQL", "ALTER TYPE kind ADD VALUE 'b';");
    write("V12__use.sql", "INSERT INTO goal VALUES (1, 'b');");
    // In one transaction, pending trigger events of a deferred constraint would block the ALTER TABLE.
    write(
      "V13__share.sql",
      "CREATE TABLE share (id int REFERENCES goal DEFERRABLE INITIALLY DEFERRED); INSERT INTO share VALUES (1);",
    );
    write("V14__note.sql", "ALTER TABLE share ADD COLUMN note text;");
    await migrates();
    expect(await scratch.sql("select to_regclass('guarded'), count(note) from share")).toEqual([
      "guarded\t0",
    ]);
  });

  it("that fail report which were applied, which schema the back has now, and how to go back; fixed, they apply", async () => {
    // It commits by itself, so the message must not claim that nothing changed.
    write("V15__split.sql", "BEGIN; CREATE TABLE split (id int); COMMIT;");
    write("V16__bad.sql", "CREATE TABLE bad (id int); SELECT * FROM nowhere;");
    const output = await failed();
    const backup = automatic().at(-1) ?? "";
    expect(output).toContain(
      "migrations: V16__bad.sql failed. Applied, and kept: V15__split.sql. The back that runs has that schema now. V16__bad.sql was rolled back, but for what it committed itself.",
    );
    expect(output).toContain(
      `npm run restore -- ${backup} --stack ${scratch.stack}. That loses what was written since that backup.`,
    );
    expect(output).toContain('relation "nowhere" does not exist');
    expect(output).not.toMatch(/as it was|https?:\/\/rd/);
    expect(await scratch.sql("select to_regclass('split'), to_regclass('bad')")).toEqual(["split\t"]);
    // With backups.keep at 1, further failures do not remove the backup to go back to; only a success does.
    await stepFails();
    expect(automatic()).toContain(backup);
    write("V16__bad.sql", "CREATE TABLE bad (id int);");
    await scratch.upWell();
    expect(automatic()).toHaveLength(1);
    expect((await history()).slice(-2)).toEqual(["V15__split.sql\tt", "V16__bad.sql\tt"]);
  });

  it("that run outside a transaction report that their changes stay; the failed row blocks nothing", async () => {
    await scratch.sql("insert into bad values (1), (1)");
    write("V17__index.sql", "CREATE UNIQUE INDEX CONCURRENTLY bad_id ON bad (id);");
    const output = await stepFails();
    expect(output).toContain("V17__index.sql ran in no transaction: what it did before it failed stays.");
    expect(output).toContain('could not create unique index "bad_id"');
    // The failure leaves an invalid index behind, as PostgreSQL documents.
    write("V17__index.sql", "DROP INDEX IF EXISTS bad_id;");
    write("V18__index.sql", "CREATE INDEX CONCURRENTLY bad_id ON bad (id);");
    await migrates();
    expect((await history()).slice(-2)).toEqual(["V17__index.sql\tt", "V18__index.sql\tt"]);
  });

  it("that wait for a lock report who holds it, and end before sessions behind them wait for long", async () => {
    const holder = scratch.sql("begin; select * from bad; select pg_sleep(600)").catch(() => []);
    write("V19__late.sql", "ALTER TABLE bad ADD COLUMN late text;");
    const output = await stepFails();
    const pid = "session (\\d+) \\(psql, role postgres, active, in a transaction since";
    expect(output).toMatch(new RegExp(`waiting for a lock: "ALTER TABLE bad .*" is blocked by ${pid}`));
    expect(output).toContain("migrations: V19__late.sql was canceled. No migration was applied;");
    const [, found = ""] = new RegExp(`waited 20 s for a lock that ${pid}`).exec(output) ?? [];
    await scratch.sql(`select pg_terminate_backend(${found})`);
    await holder;
    await migrates();
  });

  it("with a placeholder, or not in UTF-8, are refused with a fix that works", async () => {
    write("V20__mail.sql", "CREATE TABLE mail (body text DEFAULT 'Dear ${name}');");
    expect(await stepFails()).toContain(
      "V20__mail.sql has ${name} in line 1 or below, which Flyway takes for a placeholder. To keep it as text, write placeholderReplacement=false into V20__mail.sql.conf beside it.",
    );
    write("V20__mail.sql.conf", "placeholderReplacement=false\n");
    writeFileSync(
      join(scratch.migrations, "V21__latin.sql"),
      Buffer.from("INSERT INTO mail VALUES ('caf\u00e9');", "latin1"),
    );
    expect(await stepFails()).toContain(
      "V21__latin.sql is not UTF-8. Save it as UTF-8, or name its encoding",
    );
    write("V21__latin.sql.conf", "encoding=ISO-8859-1\n");
    await migrates();
    expect(await scratch.sql("select body from mail")).toEqual(["caf\u00e9"]);
  });

  it("that do not match the database are refused by name, in preview and update", async () => {
    const away = join(scratch.folder, "away");
    mkdirSync(away);
    const missing = ["V8__two.sql", "V20__mail.sql", "V20__mail.sql.conf"];
    for (const name of missing) renameSync(join(scratch.migrations, name), join(away, name));
    write("V7__one.sql", "CREATE TABLE one (id bigint);");
    write("V3.5__late.sql", "SELECT 1;");
    const before = dumps();
    const { code, output: preview } = await scratch.preview();
    expect(code).not.toBe(0);
    for (const output of [preview, await refused()])
      for (const sentence of [
        "V8__two.sql ran on this database and is not among the migrations.",
        "V20__mail.sql ran on this database and is not among the migrations.",
        "V7__one.sql was edited after it ran. Put it back as it was, and write the change as a new migration.",
        "V3.5__late.sql comes before migrations that ran already. Give it a version higher than theirs.",
      ])
        expect(output).toContain(sentence);
    expect(dumps()).toEqual(before);
    for (const name of missing) renameSync(join(away, name), join(scratch.migrations, name));
    write("V7__one.sql", "CREATE TABLE one (id int);");
    rmSync(join(scratch.migrations, "V3.5__late.sql"));
  });

  // On Linux an environment variable has at most 128 kB.
  it("may be many and have long names; a baseline of older ones has no effect on this database", async () => {
    const what = "add_index_on_customer_invoice_lines_for_the_report_".repeat(3);
    for (let i = 1000; i < 1800; i++) write(`V2021${i}__${what}${i}.sql`, "SELECT 1;");
    write("B6__everything.sql", "SELECT * FROM nowhere;");
    const { output } = await scratch.upWell();
    expect(output).toContain("Successfully applied 800 migrations");
  });

  it("that are unchanged pass again with a new jar, without a backup, and nothing is left to do", async () => {
    const before = dumps();
    await putEntry(scratch.jar, "release.txt", "migrations\n");
    expect((await scratch.upWell()).output).not.toContain("backed up");
    expect(dumps()).toEqual(before);
    expect(changes((await scratch.up()).operations)).toEqual({});
  });
});
