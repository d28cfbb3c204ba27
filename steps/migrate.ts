/**
 * Brings the database to the packaged migrations, and backs it up before that where the schema would change. Flyway runs
 * inside the database's own network namespace: there PostgreSQL trusts 127.0.0.1, so no password is handed over. Fails
 * with Flyway's words; the container is removed whatever happens.
 */
import { prune, saveBackup, savedInWords } from "./backup/save.ts";
import { targetOf } from "./backup/target.ts";
import { docker } from "./docker.ts";
import { cannotGroup, invalid, success, words } from "./flyway.ts";
import { type Database, sql, tableCount } from "./postgres.ts";
import { input, run, StepError, step } from "./process.ts";
import {
  type Applied,
  type Comparison,
  compare,
  fileOf,
  readHistory,
  refusals,
  requireComplete,
} from "./schemaHistory.ts";

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
  const packaged = JSON.parse(input("MIGRATIONS")) as string[];
  const comparison = compare(packaged, before);
  const refused = refusals(comparison);
  if (refused.length > 0) throw new StepError(`migrations: ${NOTHING_DONE}.\n${refused.join("\n")}`);
  await backUp(database, comparison);
  await forgetFailed(database, before);
  const { code, output } = await flyway(database);
  const done = code === 0 ? success(output) : undefined;
  if (done === undefined) throw await failure(database, code, output, packaged, before);
  requireComplete(compare(packaged, await readHistory(database)));
  process.stdout.write(`${done}\n`);
});

/** A pinned image does not migrate, so there has to be a schema. */
function leaveSchema(pin: string, { name }: Database, history: Applied[]): void {
  if (history.length === 0)
    throw new StepError(
      `${pin}: the database "${name}" is empty, and a pinned image does not migrate. Take the pin away for the first update: \`pulumi config rm ${pin}\`.`,
    );
  process.stdout.write(`the schema stays as it is: ${pin} is set\n`);
}

/** A backup where there is something to lose: tables, and migrations that may change them. */
async function backUp(database: Database, { pending, repeatable }: Comparison): Promise<void> {
  if (pending.length + repeatable.length === 0 || (await tableCount(database)) === 0) return;
  const stack = input("STACK");
  try {
    const target = targetOf(process.env["BACKUPS_TO"], stack);
    const saved = await saveBackup(database, target, stack, true);
    const removed = await prune(target, stack, Number(input("BACKUPS_KEEP")));
    process.stdout.write(
      `backed up before the migrations: ${savedInWords(saved)}${removed === 0 ? "" : `; ${removed} older removed`}\n`,
    );
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    throw new StepError(`migrations: the backup before them failed, so ${NOTHING_DONE}.\n${error.message}`);
  }
}

/** A migration that ran in no transaction leaves a failed row, with which Flyway does nothing more; it is tried again. */
async function forgetFailed(database: Database, history: Applied[]): Promise<void> {
  if (history.every(({ success }) => success)) return;
  await sql(database, "delete from flyway_schema_history where not success;");
}

/** All of a run in one transaction; where one of them can be in none, each in its own. */
async function flyway(database: Database): Promise<{ code: number | null; output: string }> {
  const together = await runFlyway(database, true);
  return cannotGroup(together.output) ? runFlyway(database, false) : together;
}

async function runFlyway(
  database: Database,
  group: boolean,
): Promise<{ code: number | null; output: string }> {
  const name = input("CONTAINER");
  const settings = {
    FLYWAY_URL: `jdbc:postgresql://127.0.0.1:5432/${database.name}`,
    FLYWAY_USER: database.user,
    FLYWAY_GROUP: String(group),
    // Locked by a transaction, Flyway waits for ever for its own CREATE INDEX CONCURRENTLY; by its session, it does not.
    FLYWAY_POSTGRESQL_TRANSACTIONAL_LOCK: "false",
  };
  // An update that was killed may have left one behind.
  await run("docker", ["rm", "--force", "--volumes", name]);
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
    return { code, output: `${stdout}\n${stderr}` };
  } finally {
    await run("docker", ["rm", "--force", "--volumes", name]);
  }
}

async function failure(
  database: Database,
  code: number | null,
  output: string,
  packaged: string[],
  before: Applied[],
): Promise<StepError> {
  const files = invalid(output, (version) => fileOf(version, packaged, before));
  const known = new Set(before.filter(({ success }) => success).map(({ script }) => script));
  const after = (await readHistory(database)).filter(({ success }) => success);
  const applied = after.map(({ script }) => script).filter((script) => !known.has(script));
  const schema =
    applied.length === 0 ? "The schema is as it was." : `Applied, and kept: ${applied.join(", ")}.`;
  return new StepError(
    [
      `migrations: Flyway ended with ${code}; the back that runs stays as it is. ${schema} Mend the migration, then run up again.`,
      ...files,
      words(output),
    ].join("\n"),
  );
}
