/**
 * Brings a database to the packaged migrations, and backs it up before that if the schema would change. Flyway runs in the
 * network namespace of the database's container, and connects as `accessOf` says: no password is handed over.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { HARDENED, labelled } from "../../docker/arguments.ts";
import { docker, remove } from "../../docker/client.ts";
import { isInterrupted, run } from "../../process.ts";
import { UserError } from "../../userError.ts";
import type { Target } from "../backup/names.ts";
import { prune, saveBackup, whatIsSaved } from "../backup/save.ts";
import { type Access, accessOf, refuseDataLeft } from "../external.ts";
import { type Database, endSessions, sql, tableCount } from "../postgres.ts";
import { failureText, success } from "./flyway.ts";
import { watchLocks } from "./lockWait.ts";
import {
  type Applied,
  type Comparison,
  compare,
  named,
  type Packaged,
  readHistory,
  sentences,
} from "./schemaHistory.ts";

interface Migration {
  stack: string;
  database: Database;
  packaged: Packaged;
  /** The back's image, which has Flyway and the migrations. */
  image: string;
  /** Name for Flyway's container. */
  container: string;
  backups: Target;
  /** How many backups before migrations are kept. */
  keep: number;
}

/** By which Flyway's sessions are found. */
const APPLICATION = "agatha-migrations";

/** The back is not touched by a step that fails: what runs goes on. */
const NOTHING_DONE = "nothing was migrated, and the back that runs stays as it is";

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** @throws UserError if they do not all run: what was applied, why the rest was not, and the way back. */
export async function migrate(migration: Migration): Promise<void> {
  const { stack, database, packaged } = migration;
  const before = await readHistory(database);
  const comparison = compare(packaged, before);
  if (comparison.refused.length > 0)
    throw new UserError(`migrations: ${NOTHING_DONE}.\n${sentences(comparison.refused).join("\n")}`);
  const access = await accessOf(database.container);
  if (access.external && before.length === 0) await refuseDataLeft(stack, database, access);
  const backup = await backUp(migration, comparison);
  // A migration that ran in no transaction leaves a failed row, which stops Flyway; it is tried again.
  if (before.some(({ success }) => !success))
    await sql(database, "delete from flyway_schema_history where not success;");
  const { code, output, blocked } = await flyway(migration, access);
  const done = code === 0 && !isInterrupted() ? success(output) : undefined;
  const after = await readHistory(database);
  if (done === undefined)
    throw new UserError(
      failureText({
        ...{ code, output, blocked, stack, backup, interrupted: isInterrupted() },
        // Flyway only ever adds rows.
        applied: scripts(after).slice(scripts(before).length),
        failed: after.find(({ success }) => !success)?.script,
      }),
    );
  requireComplete(compare(packaged, after));
  say(done);
  if (backup !== undefined) await removeOlder(migration);
}

/** @throws UserError naming the packaged files that did not run although Flyway says that all is well. */
export function requireComplete({ refused, pending }: Comparison): void {
  if (refused.length + pending.length === 0) return;
  const unfit = [...sentences(refused), ...(pending.length === 0 ? [] : [`Not applied: ${named(pending)}.`])];
  throw new UserError(
    `migrations: the schema history and the migrations differ after Flyway passed. Look at flyway_schema_history, then run up again.\n${unfit.join("\n")}`,
  );
}

/** A pinned image does not migrate, so there has to be a schema. @throws UserError if there is none. */
export async function leaveSchema(pin: string, database: Database): Promise<void> {
  if ((await readHistory(database)).length === 0)
    throw new UserError(
      `${pin}: the database "${database.name}" is empty, and a pinned image does not migrate. Take the pin away for the first update: \`pulumi config rm --path ${pin}\`.`,
    );
  say(`the schema stays as it is: ${pin} is set`);
}

/** Files that ran, in their order. */
const scripts = (history: Applied[]): string[] =>
  history.filter(({ success }) => success).map(({ script }) => script);

/** A backup if there is something to lose: tables, and migrations that may change them. @returns Its name. */
async function backUp(
  { stack, database, backups }: Migration,
  { pending, repeatable }: Comparison,
): Promise<string | undefined> {
  if (pending.length + repeatable.length === 0 || (await tableCount(database)) === 0) return undefined;
  try {
    const saved = await saveBackup(database, backups, stack, true);
    say(`backed up before the migrations: ${saved.place}, ${whatIsSaved(saved)}`);
    return saved.name;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`migrations: the backup before them failed, so ${NOTHING_DONE}.\n${error.message}`);
  }
}

/** Only once the migrations passed: the backup that a failure names as the way back is not pushed out by further tries. */
async function removeOlder({ stack, backups, keep }: Migration): Promise<void> {
  try {
    const removed = await prune(backups, stack, keep);
    if (removed > 0) say(`${removed} older backups removed`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    say(`older backups were not removed: ${error.message}`);
  }
}

/** Runs Flyway, and watches that it does not wait for somebody's lock for ever. */
async function flyway({ stack, database, image, container }: Migration, access: Access) {
  const parameters = [`ApplicationName=${APPLICATION}`, ...access.parameters].join("&");
  const settings = {
    FLYWAY_URL: `jdbc:postgresql://${access.address}/${encodeURIComponent(database.name)}?${parameters}`,
    FLYWAY_USER: database.user,
    // What the build packages by its name and Flyway does not know is an error, and not passed over.
    FLYWAY_VALIDATE_MIGRATION_NAMING: "true",
    // Locked by a transaction, Flyway waits for ever for its own CREATE INDEX CONCURRENTLY; by its session, it does not.
    FLYWAY_POSTGRESQL_TRANSACTIONAL_LOCK: "false",
  };
  // An update that was killed may have left one behind.
  await endFlyway(database, container);
  const over = new AbortController();
  const psql = `docker exec agatha-${stack}-db psql -U ${database.user} -d ${database.name}`;
  // A watch that fails takes nothing from the migrations.
  const watch = watchLocks(database, APPLICATION, psql, over.signal).catch(() => undefined);
  try {
    await docker([
      ...["create", "--name", container, "--network", `container:${database.container}`],
      ...labelled(stack, "migrate"),
      ...Object.entries(settings).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
      ...[...access.options, "--read-only", "--tmpfs", "/tmp", ...HARDENED, "--pull", "never"],
      ...[image, "/bin/agatha-back-migrate"],
    ]);
    const { code, stdout, stderr } = await run("docker", ["start", "--attach", container]);
    over.abort();
    return { code, output: `${stdout}\n${stderr}`, blocked: await watch };
  } finally {
    over.abort();
    await watch;
    await endFlyway(database, container);
  }
}

/** Removes its container. A statement of a client that is gone goes on in the server, so that is ended too. */
async function endFlyway(database: Database, container: string): Promise<void> {
  const { stdout } = await remove("container", container);
  if (stdout.trim() === "") return;
  const end = endSessions("application_name", APPLICATION);
  for (let tries = 0; tries < 50 && (await sql(database, end).catch(() => [])).length > 0; tries++)
    await sleep(100);
}
