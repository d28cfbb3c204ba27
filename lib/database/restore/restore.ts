/** Puts a dump in the place of a stack's database: judged, asked for, restored beside it, exchanged, and served again. */

import { confirm } from "../../confirm.ts";
import { runningContainer } from "../../docker/client.ts";
import { run, Told } from "../../process.ts";
import { UserError } from "../../userError.ts";
import { requireSpace } from "../backup/target.ts";
import { readHistory } from "../migrations/readHistory.ts";
import { type Database, freeBytes, inNumbers, type Rows, serverVersion, tableRows } from "../postgres.ts";
import { startBack, stopBack } from "./back.ts";
import { examine, judge } from "./judge.ts";
import { dropCommand, liveNow, unsettled, words } from "./outcome.ts";
import {
  dropReplaced,
  exchange,
  hasReplaced,
  REPLACED,
  restoreBeside,
  rowsOf,
  settle,
} from "./replaceDatabase.ts";
import type { Source } from "./source.ts";

/** A restored database and its write-ahead log take about this many times the dump's text. */
const SPACE = 2.5;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/**
 * Restores a dump; a failure leaves the database as it was.
 *
 * @param yes Whether it overwrites without asking.
 * @returns The exit code.
 * @throws UserError or UserError in one sentence.
 */
export async function restore(
  stack: string,
  database: Database,
  dump: Source,
  yes: boolean,
): Promise<number> {
  const start = performance.now();
  await refuseReplaced(database);
  const version = await serverVersion(database);
  const examined = await examine(dump.path);
  const header = judge(dump.place, examined, version);
  const { rows, textBytes } = await rowsOf(database, dump.path);
  say(
    `${dump.place}: database ${header.database} of PostgreSQL ${header.serverVersion}, ${inNumbers(rows)}.`,
  );
  if (examined.wanted === undefined)
    say("It has no .sha256 beside it, so whether it is what was written cannot be told.");
  await requireRoom(database, textBytes);
  const before = await tableRows(database);
  await askFor(stack, database, before, yes);

  for (const remark of await restoreBeside(database, dump.path, rows)) say(remark);
  const [ranBefore, back] = [await scripts(database), await runningContainer(stack, "back")];
  const stopped = performance.now();
  await swap(database, back);
  await serve(database, back);
  const away = `; the back was away for ${seconds(stopped)} and is healthy`;
  say(
    `Restored into ${database.name} of stack ${stack}: ${inNumbers(rows)}, the same as in the dump, ${seconds(start)}${back === undefined ? "" : away}.`,
  );
  const ranNow = await scripts(database);
  tellHistory(
    stack,
    ranBefore.filter((script) => !ranNow.includes(script)),
  );
  return 0;
}

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Where the database's data lies there has to be room for both. */
async function requireRoom(database: Database, textBytes: number): Promise<void> {
  requireSpace(
    `volume of ${database.name}`,
    await freeBytes(database),
    textBytes * SPACE,
    "the restored database beside it",
    "restore on another host",
  );
}

async function askFor(stack: string, database: Database, rows: Rows, yes: boolean): Promise<void> {
  const tables = [...rows].map(([table, count]) => `${table} ${count}`).join(", ") || "no table";
  say(`Stack ${stack}: database ${database.name} has ${inNumbers(rows)}: ${tables}.`);
  await confirm("restore", "it would be overwritten, and the back restarted", stack, yes);
}

/** It may be all that is left of what was there before an earlier restore. */
async function refuseReplaced(database: Database): Promise<void> {
  if (!(await hasReplaced(database))) return;
  throw new UserError(
    `restore: database ${REPLACED} is there, the data from before an earlier restore. Put it back (docs/backup.md), or drop it: ${dropCommand(database)}.`,
  );
}

/** The one short step in which the back is away; where it fails, the back serves what is there. */
async function swap(database: Database, back: string | undefined): Promise<void> {
  try {
    if (back !== undefined) await stopBack(back);
    await exchange(database);
  } catch (error) {
    let exchanged: boolean;
    try {
      exchanged = await settle(database);
    } catch (unknown) {
      throw new Told(unsettled(database, words(error), words(unknown)));
    }
    const live = exchanged ? liveNow(database, true) : "The database is as it was.";
    if (back !== undefined) await startBack(back, live).catch(tellAlso(error));
    throw new Told(`restore: ${words(error)}. ${live}`);
  }
}

/** What follows the exchange: whatever fails from here on, the dump's data is what is live. */
async function serve(database: Database, back: string | undefined): Promise<void> {
  try {
    if (back !== undefined) await startBack(back, liveNow(database, true));
    await dropReplaced(database);
  } catch (error) {
    // The back is not healthy, and the sentence says the rest.
    if (error instanceof UserError) throw new Told(error.message);
    if (back !== undefined) await run("docker", ["start", back]);
    const kept = await hasReplaced(database).catch(() => true);
    throw new Told(`restore: ${words(error)}. ${liveNow(database, kept)}`);
  }
}

/** A back end that does not start is told beside the reason why it was to. */
const tellAlso =
  (error: unknown) =>
  (also: unknown): never => {
    throw new Told(`restore: ${words(error)}. ${words(also)}`);
  };

const scripts = async (database: Database): Promise<string[]> =>
  (await readHistory(database)).filter(({ success }) => success).map(({ script }) => script);

/** An older dump has an older schema, which the back that runs may not know. */
function tellHistory(stack: string, gone: string[]): void {
  if (gone.length === 0) return;
  say(
    `Its schema is older: ${gone.join(", ")} had run before and did not in the dump. To run what this stack has again: npm run up -- --stack ${stack} --replace '**db-schema-migrations'`,
  );
}
