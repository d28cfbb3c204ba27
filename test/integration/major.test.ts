/** Upgrades of PostgreSQL: a failed one leaves everything unchanged, a successful one keeps every row. */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { refuseUnfitImage } from "../../lib/database/image.ts";
import { DONE } from "../../lib/docker/client.ts";
import { which } from "../../lib/process.ts";
import { EngineStack } from "../support/engineStack.ts";
import { HARSH_SETTINGS, loadHarshSchema } from "../support/harshSchema.ts";
import { changes, execute, type Operations, type Scratch } from "../support/scratch.ts";
import { runBlock } from "../support/scratchPage.ts";
import { expectSentences } from "../support/words.ts";

let own: EngineStack;
let scratch: Scratch;

const volume = (major: number) => `agatha-${scratch.stack}-db-data${major === 13 ? "" : `-${major}`}`;

/** What a dump could lose. */
const DATA = `
  insert into budget (name, amount_cents) values ('Küche ''n'' "Bad"', 1), (E'tab\\t, line\\n, \\\\', 2);
  create schema "Odd Schema";
  create table "Odd Schema"."Odd, table" (id int generated always as identity, "a b" text, data bytea, more jsonb);
  insert into "Odd Schema"."Odd, table" ("a b", data, more) select 'x' || i, decode(md5(i::text), 'hex'), jsonb_build_object('i', i) from generate_series(1, 1000) i;
  create table part (id int, at date) partition by range (at);
  create table part_2026 partition of part for values from ('2026-01-01') to ('2027-01-01');
  insert into part values (1, '2026-05-05');
  create table empty (id int);
  create sequence far start 5; select setval('far', 4711);
  create view seen as select name from budget;
  create role reader login password 'reader''s';
  grant select on budget to reader;
  select lo_from_bytea(0, 'large');
  alter database docker_agatha_db set work_mem = '8MB';
  alter role reader in database docker_agatha_db set search_path = "$user", "Odd Schema";
  comment on database docker_agatha_db is 'It''s ours';`;

/** A block of docs/postgresql-major.md, which has to succeed. */
const documented = (name: string): Promise<string> =>
  runBlock(scratch, ["docs/postgresql-major.md", "integration/major.test.ts", name]);

beforeAll(async () => {
  own = await EngineStack.make((made) => {
    made.config["database"] = { settings: HARSH_SETTINGS };
  });
  ({ scratch } = own);
  await scratch.sql(DATA);
  await loadHarshSchema(scratch);
  // Each in its own statement: it cannot be part of a transaction.
  await scratch.sql('create database "other=db\'"');
  await sqlIn("dbname='other=db\\''", "create table t (x int); insert into t values (1), (2)");
});
afterAll(() => own?.remove());

/** Runs SQL on another database than the back's. */
async function sqlIn(database: string, statement: string): Promise<string[]> {
  const psql = ["psql", "-U", "postgres", "-d", database, "-qtAX", "-c", statement];
  return scratch.docker("exec", await scratch.container("db"), ...psql);
}

/** All that the upgrade has to copy, as text. */
async function everything(): Promise<string[]> {
  const parts = [
    "select * from budget order by id",
    'select md5(string_agg(t::text, \'|\' order by id)) from "Odd Schema"."Odd, table" t',
    "select * from part",
    "select count(*) from empty",
    "select last_value from far",
    "select * from seen order by 1",
    "select extname from pg_extension order by 1",
    "select rolname, rolcanlogin from pg_authid where rolname = 'reader'",
    "select has_table_privilege('reader', 'budget', 'select'), has_table_privilege('reader', 'budget', 'insert')",
    "select md5(lo_get(oid)), lomowner::regrole::text from pg_largeobject_metadata order by 1",
    "select p::text from app.purchase p order by id",
    "select * from app.totals",
    "select t::text from app.typed t order by 1",
    "select * from app.event order by id",
    "select schemaname, sequencename, last_value from pg_sequences order by 1, 2",
    "select conname, pg_get_constraintdef(oid), convalidated, condeferred from pg_constraint where connamespace = 'app'::regnamespace order by 1, 2",
    "select relname, relkind, relowner::regrole::text, has_table_privilege('harsh_group', oid, 'select'), relpersistence, relrowsecurity from pg_class where relnamespace = 'app'::regnamespace order by 1",
    "select proname, proowner::regrole::text, proacl::text, proconfig::text from pg_proc where pronamespace = 'app'::regnamespace and proname !~ 'span' order by 1",
    "select polname, polroles::regrole[]::text from pg_policy",
    "select pubname, pubinsert, pubupdate from pg_publication",
    "select evtname, evtenabled from pg_event_trigger",
    "select tgname, tgenabled from pg_trigger where not tgisinternal order by 1",
    "select collname, collprovider, collisdeterministic from pg_collation where collnamespace = 'app'::regnamespace",
    "select encoding, datcollate, datctype from pg_database where datname = current_database()",
    "select datname, setrole::regrole::text, setconfig from pg_db_role_setting join pg_database d on d.oid = setdatabase order by 2",
    "select shobj_description(oid, 'pg_database') from pg_database where datname = current_database()",
    "select version, success, checksum from flyway_schema_history order by installed_rank",
  ];
  return [
    ...(await scratch.sql(...parts)),
    ...(await sqlIn("dbname='other=db\\''", "select * from t order by 1")),
  ];
}

const serverVersion = async () => Number((await scratch.sql("show server_version_num"))[0]?.slice(0, 2));
const api = async () => (await fetch(`${scratch.backUrl}/api/budgets`)).status;
const wanted = (version: number) => {
  scratch.config["database"] = { version, settings: { ...HARSH_SETTINGS, max_locks_per_transaction: 100 } };
};

/** Logs in over the stack's network, where PostgreSQL asks for the password; returns the user. */
async function login(role: string, password: string): Promise<string> {
  const psql = [
    "psql",
    "-h",
    "agatha-db",
    "-U",
    role,
    "-d",
    "docker_agatha_db",
    "-qtAXc",
    "select current_user",
  ];
  const env = { ...process.env, PGPASSWORD: password };
  const { output } = await execute(
    "docker",
    ["exec", "--env", "PGPASSWORD", await scratch.container("db"), ...psql],
    env,
  );
  return output.trim();
}

const UPGRADE: Operations = {
  "db-image-build": "replace",
  "db-image-loaded": "replace",
  "db-trial": "update",
  "db-upgrade": "create",
  "db-data": "replace",
  "db-container": "replace",
  "db-healthy": "replace",
  "db-schema-password": "replace",
  "db-schema-migrations": "replace",
  "back-files": "replace",
  "back-container": "replace",
  "back-healthy": "replace",
  history: "update",
};

it("a preview says from which version to which, what is kept and how long it takes", async () => {
  const words = await documented("look ahead");
  expect(scratch.config["database"]).toEqual({ settings: HARSH_SETTINGS, version: 17 });
  const plain = await scratch.preview();
  expect(plain.code, plain.output).toBe(0);
  expect(changes(plain.operations)).toEqual(UPGRADE);
  const sentence = `PostgreSQL 13 => 17, data from ${volume(13)} (kept) into ${volume(17)}, database away for about`;
  // Pulumi itself shows the facts.
  const shown = (name: string, value: string) => new RegExp(`\\b${name} *: ${value}`);
  for (const [name, value] of Object.entries({
    from: "13",
    to: "17",
    volume: `"${volume(13)}"`,
    into: `"${volume(17)}"`,
  }))
    expect(plain.output).toMatch(shown(name, value));
  expect(words).toMatch(/volume +is filled from the old one, which is kept/);
  expect(words).toContain(sentence);
});

it("an upgrade without space for the new volume is refused, and everything runs as before", async () => {
  const [before, ids] = [await everything(), await containers()];
  const { code, output } = await scratch.up({ PATH: `${dockerWithoutRoom()}:${process.env["PATH"]}` });
  expect(code).not.toBe(0);
  expect(output).toMatch(
    /failed: the volume has 1\.\d MB free, and \d+\.\d MB are needed\. Make room\. Nothing changed/,
  );
  expectSentences(scratch, output);
  expect(await containers()).toEqual(ids);
  expect(await dataVolumes()).toEqual([volume(13)]);
  expect(await everything()).toEqual(before);
});

/** A folder with a docker that reports a full disk, and otherwise is the real one. */
function dockerWithoutRoom(): string {
  const folder = join(scratch.folder, "full");
  mkdirSync(folder, { recursive: true });
  const real = which("docker") ?? "";
  const answer = "/dev/vda 1024 0 1024 100% /";
  const script = `#!/bin/bash\ncase "$*" in *"df -Pk"*) printf '%s\\n' "${answer}" "${DONE}" ;; *) exec ${real} "$@" ;; esac\n`;
  writeFileSync(join(folder, "docker"), script, { mode: 0o755 });
  return folder;
}

it("a failed upgrade leaves everything unchanged, and reports the cause", async () => {
  // An index calls a function that depends on the search_path, which PostgreSQL 17 empties for indexes.
  const [before, ids] = [await everything(), await containers()];
  const { code, output } = await scratch.up();
  expect(code).not.toBe(0);
  expect(output).toMatch(/the upgrade from PostgreSQL 13 to 17 failed: .*"spending_limit" does not exist/);
  expect(output).toContain("ALTER FUNCTION rounded(bigint) SET search_path = …");
  expect(output).toContain("Nothing changed: the old database and the back run as before.");
  expectSentences(scratch, output);
  expect(await containers()).toEqual(ids);
  expect(await dataVolumes()).toEqual([volume(13)]);
  expect(await everything()).toEqual(before);
  // The message must not come before the back is healthy.
  expect(await api()).toBe(200);
  await scratch.sql('alter function app.rounded(bigint) set search_path = app, "Odd one"');
});

it("an image that does not fit the data is refused before anything stops", async () => {
  const ids = await containers();
  const [image = ""] = await scratch.docker(
    "inspect",
    "--format",
    "{{.Image}}",
    await scratch.container("db"),
  );
  const fit = { image, major: 13, owner: "999:999", command: [] };
  await expect(refuseUnfitImage({ ...fit, major: 17 })).rejects.toThrow(
    "agatha:database.version: 17 does not fit the database's image, which has PostgreSQL 13.",
  );
  // As in images for Alpine: docker-library/postgres, 13/alpine/Dockerfile at 04bf35f0.
  const alpine = `agatha-db-image:${scratch.stack}`;
  const container = scratch.named("db-alpine");
  await scratch.docker("create", "--name", container, image);
  try {
    const passwd = "postgres:x:70:70::/var/lib/postgresql:/bin/sh\n";
    writeFileSync(join(scratch.folder, "passwd"), passwd);
    await scratch.docker("cp", join(scratch.folder, "passwd"), `${container}:/etc/passwd`);
    await scratch.docker("commit", container, alpine);
    await expect(refuseUnfitImage({ ...fit, image: alpine })).rejects.toThrow(
      `agatha:database.image: ${alpine} has the user postgres as 70, and the data belongs to 999:999.`,
    );
  } finally {
    await scratch.docker("rm", "--volumes", container);
    await scratch.docker("rmi", alpine);
  }
  expect(await containers()).toEqual(ids);
});

it("a killed upgrade is restarted by the next up, with every write in it", async () => {
  wanted(17);
  await killUpWhen(scratch.named("db-upgrade-new"));
  await scratch.pulumi(["cancel", "--yes"]);
  // Somebody starts the old database meanwhile, and writes. The upgrade's server still uses the same volume.
  await documented("the old pair");
  await vi.waitFor(() => scratch.sql("insert into budget (name, amount_cents) values ('late', 3)"), {
    timeout: 120_000,
    interval: 200,
  });
  const before = await everything();
  // As a kill leaves them: a failed attempt starts both again, even if it stopped neither.
  await scratch.docker("stop", await scratch.container("back"), await scratch.container("db"));
  const failed = await scratch.up({ PATH: `${dockerWithoutRoom()}:${process.env["PATH"]}` });
  expect(failed.output).toContain("Nothing changed: the old database and the back run as before.");
  expect(await api()).toBe(200);
  expect(await login("reader", "reader's")).toBe("reader");
  const output = await documented("go up");
  expect(output).toMatch(/command:local:Command db-upgrade created/);
  expect(output).toMatch(/PostgreSQL 13 => 17 in [\d.]+ s: \d+ tables, \d+ rows, the same as before/);
  expect(await serverVersion()).toBe(17);
  expect(await everything()).toEqual(before);
  expect(await api()).toBe(200);
  expect(await scratch.sql("show max_locks_per_transaction")).toEqual(["100"]);
  // The official image of 13 stores passwords as md5; that of 17 asks for SCRAM, which does not work with them.
  expect(output).toContain("Still kept as md5, and still good to log in with: the password of reader.");
  expect(await login("reader", "reader's")).toBe("reader");
  expect(await login("reader", "wrong")).toContain("password authentication failed");
  expect(await login("postgres", scratch.password)).toBe("postgres");
  const kept = "select rolname, left(rolpassword, 5) from pg_authid where rolpassword is not null order by 1";
  expect(await scratch.sql(kept)).toEqual(["postgres\tSCRAM", expect.stringMatching(/^reader\tmd5/)]);
  // The goal for an image built on this machine.
  const { db } = (await scratch.outputs())["images"] as Record<string, { sizeBytes: number }>;
  expect(db?.sizeBytes).toBeLessThan(150e6);
  expect(await dataVolumes()).toEqual([volume(13), volume(17)]);
  expect((await scratch.own("container")).length).toBe(4);
});

it("the next up changes nothing", async () => {
  expect(changes((await scratch.upWell()).operations)).toEqual({});
});

it("roles whose passwords are set again log in where the server asks for SCRAM alone", async () => {
  await runBlock(scratch, ["docs/postgresql-major.md", "integration/major.test.ts", "scram"], {
    input: "reader's\nreader's\n",
    // There is no terminal here.
    words: { "docker exec -it": "docker exec -i" },
  });
  expect(await login("reader", "reader's")).toBe("reader");
  expect(
    await scratch.sql("select auth_method from pg_hba_file_rules order by line_number desc limit 1"),
  ).toEqual(["scram-sha-256"]);
});

it("an older version is refused for the data", async () => {
  wanted(13);
  const { code, output } = await scratch.preview();
  expect(code).not.toBe(0);
  expect(output).toContain(
    `agatha:database.version: 13 is older than the data of stack "${scratch.stack}", which is PostgreSQL 17's (volume ${volume(17)}).`,
  );
  wanted(17);
});

/** Ref of the database's image, while the stack exists. */
const databaseImage = async () =>
  ((await scratch.outputs())["images"] as Record<string, { ref: string }>)["db"]?.ref ?? "";

/** Runs a program of the database's image in the newer version's volume. */
const inNewVolume = (image: string, program: string, ...args: string[]) =>
  scratch.docker(
    ...["run", "--rm", "--volume", `${volume(17)}:/v`, "--user", "999:999", "--workdir", "/v"],
    ...["--entrypoint", program, image, ...args],
  );

it("no upgrade drops a volume that was in use with the newer version", async () => {
  const before = await everything();
  const image = await databaseImage();
  expect((await scratch.destroy()).code).toBe(0);
  // As after trying the old volume by hand.
  const mount = ["--volume", `${volume(13)}:/var/lib/postgresql/data`];
  await scratch.docker("create", "--name", scratch.named("db"), ...mount, image);
  const { code, output } = await scratch.up();
  expect(code).not.toBe(0);
  expect(output).toContain(
    `volume ${volume(17)} has been in use with PostgreSQL 17: an upgrade would drop that.`,
  );
  expectSentences(scratch, output);
  await scratch.docker("rm", scratch.named("db"));
  await scratch.upWell();
  expect(await serverVersion()).toBe(17);
  expect(await everything()).toEqual(before);
});

it("a destroyed stack is upgraded from its kept volume, by the old image, over a result that was never used", async () => {
  const before = await everything();
  await scratch.sql("insert into budget (name, amount_cents) values ('not in the old volume', 1)");
  const image = await databaseImage();
  expect(await inNewVolume(image, "cat", ".upgraded-from")).toEqual(["13"]);
  expect((await scratch.destroy()).code).toBe(0);
  // A server's first start leaves this file; without it, none has started.
  await inNewVolume(image, "rm", "postmaster.opts");
  await scratch.upWell();
  expect(await serverVersion()).toBe(17);
  expect(await everything()).toEqual(before);
});

it("without the volume of the newer version, the older one continues from its own", async () => {
  const before = await everything();
  await documented("go back");
  expect(await dataVolumes()).toEqual([volume(13)]);
  expect(await serverVersion()).toBe(13);
  expect(await everything()).toEqual(before);
});

/** The volumes with data; services keep their files in others. */
const dataVolumes = async () =>
  (await scratch.own("volume")).filter((name) => name.startsWith(volume(13))).sort();

const containers = async () => {
  const names = await Promise.all(["db", "back"].map(scratch.container));
  return scratch.docker("inspect", "--format", "{{.Id}}", ...names);
};

/** Kills an `up` with all its processes as soon as the container exists. */
async function killUpWhen(container: string): Promise<void> {
  const how = ["--non-interactive", "--stack", scratch.stack, "--config-file", scratch.configFile];
  const up = spawn("pulumi", ["up", "--yes", "--skip-preview", ...how], {
    env: scratch.env,
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const ended = new Promise((resolve) => up.once("exit", resolve));
  await vi.waitFor(() => scratch.docker("exec", container, "true"), { timeout: 120_000, interval: 100 });
  process.kill(-Number(up.pid), "SIGKILL");
  await ended;
  // Its step notices that Pulumi is gone, and undoes what it can.
  const over = async () => expect(await stepsOf(scratch, "steps/upgrade-database.ts")).toEqual([]);
  await vi.waitFor(over, { timeout: 120_000, interval: 200 });
}

/** Ids of the processes that run a step of this stack, among those of others. */
async function stepsOf({ folder, env }: Scratch, step: string): Promise<string[]> {
  const { output } = await execute("pgrep", ["-f", step], env);
  const environment = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8");
    } catch {
      return "";
    }
  };
  return output.split("\n").filter((pid) => pid !== "" && environment(pid).includes(folder));
}
