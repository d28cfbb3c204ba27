/** Messages for a restore whose exchange was begun and failed: which data is live, and where the other is. */
import { isInterrupted } from "../../process.ts";
import { messageOf } from "../../userError.ts";
import type { Database } from "../postgres.ts";
import { replacedName } from "./replaceDatabase.ts";

const psql = ({ container, user, name }: Database): string =>
  `docker exec ${container.slice(0, 12)} psql -U ${user} -d ${name}`;

/** Drops what an exchange put aside. */
export const dropCommand = (database: Database): string =>
  `\`${psql(database)} -c "drop database ${replacedName(database)}"\``;

/** After the exchange. @param kept Whether the data from before is there. */
export function liveNow(database: Database, kept: boolean): string {
  const live = `The dump's data is live, in database ${database.name}.`;
  if (!kept) return live;
  return `${live} The data from before is kept beside it, in database ${replacedName(database)}: docs/backup.md describes how to put it back. Deploy the back that belongs to the dump (npm run up), or put it back. Drop it when it is not needed: ${dropCommand(database)}.`;
}

/** If the database did not answer after it. */
export const unsettled = (database: Database, reason: string, unknown: string): string =>
  `restore: ${reason}. Which data is live could not be asked: ${unknown}. Look with \`${psql(database)} -l\`: if ${replacedName(database)} is listed, the dump's data is live, and that is the data from before.`;

/** An error's words, without the full stop; before those of a program that an interrupt ended, the reason why. */
export function words(error: unknown): string {
  const text = messageOf(error)
    .replace(/^restore: /, "")
    .replace(/\.\s*$/, "");
  return isInterrupted() && text !== "interrupted" ? `interrupted (${text})` : text;
}
