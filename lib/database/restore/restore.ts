/** Puts a dump in the place of a stack's database: examined, confirmed, restored beside it, exchanged, and served. */
import { confirm } from "../../confirm.ts";
import { isInterrupted, OutcomeError } from "../../process.ts";
import { secondsSince } from "../../units.ts";
import { messageOf, UserError } from "../../userError.ts";
import { type Backs, backsOf, isNone, startAnyway, startBacks, stopBacks } from "../backs.ts";
import type { DumpText } from "../dumpText.ts";
import { requireSpace } from "../freeSpace.ts";
import { readHistory } from "../migrations/schemaHistory.ts";
import { type Database, freeBytes, inNumbers, type Rows, tableRows } from "../postgres.ts";
import { readContents, refuseUnable, remarks, serverOf } from "./contents.ts";
import { type DumpFile, examine } from "./file.ts";
import {
  dropDatabase,
  exchange,
  hasReplaced,
  replacedName,
  restoreBeside,
  settle,
} from "./replaceDatabase.ts";
import type { Source } from "./source.ts";

/** A restored database and its write-ahead log take about this many times the dump's text. */
const SPACE = 2.5;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/**
 * @param yes Whether it overwrites without asking.
 * @throws UserError; the database is as it was then, unless it says otherwise.
 */
export async function restore(stack: string, database: Database, dump: Source, yes: boolean): Promise<void> {
  const start = performance.now();
  const server = await serverOf(database);
  refuseUnable(database, server);
  await refuseReplaced(database);
  const file = await examine(dump.path, dump.place);
  const text = await readContents(database, file, server);
  say(`${dump.place}: ${whatItIs(text, file)}`);
  for (const remark of remarks(text, server, await readHistory(database), stack)) say(remark);
  // Nobody can ask for the disk of a server elsewhere.
  if (database.server === undefined)
    requireSpace(
      `volume of ${database.name}`,
      await freeBytes(database),
      text.bytes * SPACE,
      "the restored database beside it",
      "restore on another host",
    );
  await askFor(stack, database, await tableRows(database), yes);
  const roles = await restoreBeside(database, { file, text, server });
  const backs = await backsOf(stack);
  const stopped = performance.now();
  await swap(database, backs, roles);
  await serve(database, backs);
  const restored = text.inserts
    ? inNumbers(await tableRows(database))
    : `${inNumbers(text.rows)}, the same as in the dump`;
  const away = isNone(backs) ? "" : `; the back was away for ${secondsSince(stopped)} and is healthy`;
  say(`Restored into ${database.name} of stack ${stack}: ${restored}, ${secondsSince(start)}${away}.`);
}

function whatItIs({ rows, inserts, serverVersion, database }: DumpText, file: DumpFile): string {
  const what = database.name === "" ? "a database" : `database ${database.name}`;
  const numbers = inserts ? "" : `, ${inNumbers(rows)}`;
  const unchecked = "\nIt has no .sha256 beside it, so whether it is what was written is not known.";
  return `${what} of PostgreSQL ${serverVersion}${numbers}.${file.isChecked ? "" : unchecked}`;
}

async function askFor(stack: string, database: Database, rows: Rows, yes: boolean): Promise<void> {
  const tables = [...rows].map(([table, count]) => `${table} ${count}`).join(", ") || "no table";
  const at = database.server === undefined ? "" : ` at ${database.server}`;
  say(`Stack ${stack}: database ${database.name}${at} has ${inNumbers(rows)}: ${tables}.`);
  await confirm("restore", "the database would be overwritten, and the back restarted", stack, yes);
}

/** It may be all that is left of what was there before an earlier restore. */
async function refuseReplaced(database: Database): Promise<void> {
  if (!(await hasReplaced(database))) return;
  throw new UserError(
    `restore: database ${replacedName(database)} is there, the data from before an earlier restore. Put it back (docs/backup.md), or drop it: ${dropCommand(database)}.`,
  );
}

const psql = ({ container, user, name }: Database): string =>
  `docker exec ${container.slice(0, 12)} psql -U ${user} -d ${name}`;

/** Drops what an exchange put aside. */
const dropCommand = (database: Database): string =>
  `\`${psql(database)} -c "drop database ${replacedName(database)}"\``;

/** After the exchange. @param kept Whether the data from before is there. */
function liveNow(database: Database, kept: boolean): string {
  const live = `The dump's data is live, in database ${database.name}.`;
  if (!kept) return live;
  return `${live} The data from before is kept beside it, in database ${replacedName(database)}: docs/backup.md describes how to put it back. Deploy the back that belongs to the dump (npm run up), or put it back. Drop it when it is not needed: ${dropCommand(database)}.`;
}

/** An error's words, without the full stop; before those of a program that an interrupt ended, the reason why. */
function words(error: unknown): string {
  const text = messageOf(error)
    .replace(/^restore: /, "")
    .replace(/\.\s*$/, "");
  return isInterrupted() && text !== "interrupted" ? `interrupted (${text})` : text;
}

const isOutcome = (error: unknown): boolean => error instanceof OutcomeError;

/** The one short step in which the back is away; if it fails, the back serves what is there. */
export async function swap(database: Database, backs: Backs, roles: string[]): Promise<void> {
  try {
    await stopBacks(backs);
    await exchange(database);
  } catch (error) {
    const exchanged = await settle(database, roles).catch((unknown: unknown) => {
      throw new OutcomeError(
        `restore: ${words(error)}. Which data is live could not be asked: ${words(unknown)}. Look with \`${psql(database)} -l\`: if ${replacedName(database)} is listed, the dump's data is live, and that is the data from before.`,
      );
    });
    const live = exchanged ? liveNow(database, true) : "The database is as it was.";
    let outcome = live;
    await startBacks(backs, live).catch((failed: unknown) => {
      if (!isInterrupted()) outcome = isOutcome(failed) ? words(failed) : `${words(failed)}. ${live}`;
    });
    throw new OutcomeError(`restore: ${words(error)}. ${outcome}`);
  }
}

/** What follows the exchange: whatever fails from here on, the dump's data is what is live. */
export async function serve(database: Database, backs: Backs): Promise<void> {
  try {
    await startBacks(backs, liveNow(database, true));
    await dropDatabase(database, replacedName(database));
  } catch (error) {
    // The back is not healthy, and the error says the rest.
    if (isOutcome(error) && !isInterrupted()) throw error;
    await startAnyway(backs);
    const kept = await hasReplaced(database).catch(() => true);
    throw new OutcomeError(`restore: ${words(error)}. ${liveNow(database, kept)}`);
  }
}
