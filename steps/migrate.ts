/**
 * Brings the database to the packaged migrations, and backs it up before that where the schema would change. Flyway runs
 * inside the database's own network namespace: there PostgreSQL trusts 127.0.0.1, so no password is handed over. Each
 * migration has a transaction of its own, as by Flyway's default; the container is removed whatever happens.
 */

import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { prune, saveBackup, savedInWords } from "../lib/database/backup/save.ts";
import { targetOf } from "../lib/database/backup/targetOf.ts";
import { failureText } from "../lib/database/migrations/failure.ts";
import { success } from "../lib/database/migrations/flyway.ts";
import { watchLocks } from "../lib/database/migrations/lockWait.ts";
import { readHistory, requireComplete } from "../lib/database/migrations/readHistory.ts";
import {
  type Applied,
  type Comparison,
  compare,
  type Packaged,
  sentences,
} from "../lib/database/migrations/schemaHistory.ts";
import { type Database, sql, tableCount } from "../lib/database/postgres.ts";
import { docker } from "../lib/docker/client.ts";
import { isInterrupted, run } from "../lib/process.ts";
import { UserError } from "../lib/userError.ts";
import { input, step } from "./step.ts";

/** By which Flyway's sessions are found. */
const APPLICATION = "agatha-migrations";

/** The back is not touched by a step that fails: what runs goes on. */
const NOTHING_DONE = "nothing was migrated, and the back that runs stays as it is";

await step(async () => {
  const database = {
    container: input("DATABASE_CONTAINER"),
    user: input("DATABASE_USER"),
    name: input("DATABASE_NAME"),
  };
  const before = await readHistory(database);
  const pin = process.env["PINNED"];
  if (pin !== undefined) return leaveSchema(pin, database, before);
  const packaged = JSON.parse(await text(process.stdin)) as Packaged;
  const comparison = compare(packaged, before);
  if (comparison.refused.length > 0)
    throw new UserError(`migrations: ${NOTHING_DONE}.\n${sentences(comparison.refused).join("\n")}`);
  const backup = await backUp(database, comparison);
  await forgetFailed(database, before);
  const { code, output, blocked } = await flyway(database);
  const done = code === 0 && !isInterrupted() ? success(output) : undefined;
  const after = await readHistory(database);
  if (done !== undefined) {
    requireComplete(compare(packaged, after));
    process.stdout.write(`${done}\n`);
    if (backup !== undefined) await removeOlder();
    return;
  }
  throw new UserError(
    failureText({
      ...{ code, output, blocked, stack: input("STACK"), backup },
      interrupted: isInterrupted(),
      // Flyway only ever adds rows.
      applied: scripts(after).slice(scripts(before).length),
      failed: after.find(({ success }) => !success)?.script,
    }),
  );
});

/** Files that ran, in their order. */
function scripts(history: Applied[]): string[] {
  return history.filter(({ success }) => success).map(({ script }) => script);
}

/** A pinned image does not migrate, so there has to be a schema. */
function leaveSchema(pin: string, { name }: Database, history: Applied[]): void {
  if (history.length === 0)
    throw new UserError(
      `${pin}: the database "${name}" is empty, and a pinned image does not migrate. Take the pin away for the first update: \`pulumi config rm ${pin}\`.`,
    );
  process.stdout.write(`the schema stays as it is: ${pin} is set\n`);
}

/**
 * A backup where there is something to lose: tables, and migrations that may change them.
 *
 * @returns Its name.
 */
async function backUp(database: Database, { pending, repeatable }: Comparison): Promise<string | undefined> {
  if (pending.length + repeatable.length === 0 || (await tableCount(database)) === 0) return undefined;
  const stack = input("STACK");
  try {
    const saved = await saveBackup(database, target(), stack, true);
    process.stdout.write(`backed up before the migrations: ${savedInWords(saved)}\n`);
    return saved.name;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`migrations: the backup before them failed, so ${NOTHING_DONE}.\n${error.message}`);
  }
}

/** Only once the migrations passed: the backup that a failure names as the way back is not pushed out by further tries. */
async function removeOlder(): Promise<void> {
  try {
    const removed = await prune(target(), input("STACK"), Number(input("BACKUPS_KEEP")));
    if (removed > 0) process.stdout.write(`${removed} older backups removed\n`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stdout.write(`older backups were not removed: ${error.message}\n`);
  }
}

function target() {
  return targetOf(process.env["BACKUPS_TO"], input("STACK"));
}

/** A migration that ran in no transaction leaves a failed row, with which Flyway does nothing more; it is tried again. */
async function forgetFailed(database: Database, history: Applied[]): Promise<void> {
  if (history.every(({ success }) => success)) return;
  await sql(database, "delete from flyway_schema_history where not success;");
}

/** Runs Flyway, and watches that it does not wait for somebody's lock for ever. */
async function flyway(
  database: Database,
): Promise<{ code: number | null; output: string; blocked: string | undefined }> {
  const name = input("CONTAINER");
  const settings = {
    FLYWAY_URL: `jdbc:postgresql://127.0.0.1:5432/${encodeURIComponent(database.name)}?ApplicationName=${APPLICATION}`,
    FLYWAY_USER: database.user,
    // What the build packages by its name and Flyway does not know is an error, and not passed over.
    FLYWAY_VALIDATE_MIGRATION_NAMING: "true",
    // Locked by a transaction, Flyway waits for ever for its own CREATE INDEX CONCURRENTLY; by its session, it does not.
    FLYWAY_POSTGRESQL_TRANSACTIONAL_LOCK: "false",
  };
  // An update that was killed may have left one behind.
  await endFlyway(database, name);
  const over = new AbortController();
  const psql = `docker exec agatha-${input("STACK")}-db psql -U ${database.user} -d ${database.name}`;
  // A watch that fails takes nothing from the migrations.
  const watch = watchLocks(database, APPLICATION, psql, over.signal).catch(() => undefined);
  try {
    await docker([
      ...["create", "--name", name, "--network", `container:${database.container}`],
      ...["--label", `agatha.stack=${input("STACK")}`, "--label", "agatha.service=migrate"],
      ...Object.entries(settings).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
      ...["--user", "65534:65534", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"],
      ...["--security-opt", "no-new-privileges:true", "--pull", "never"],
      ...[input("IMAGE"), "/bin/agatha-back-migrate"],
    ]);
    const { code, stdout, stderr } = await run("docker", ["start", "--attach", name]);
    over.abort();
    return { code, output: `${stdout}\n${stderr}`, blocked: await watch };
  } finally {
    over.abort();
    await watch;
    await endFlyway(database, name);
  }
}

/** Removes its container. A statement of a client that is gone goes on in the server, so that is ended too. */
async function endFlyway(database: Database, name: string): Promise<void> {
  const { stdout } = await run("docker", ["rm", "--force", "--volumes", name]);
  if (stdout.trim() === "") return;
  const end = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = '${APPLICATION}';`;
  for (let tries = 0; tries < 50 && (await sql(database, end).catch(() => [])).length > 0; tries++)
    await sleep(100);
}
