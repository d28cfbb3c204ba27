/** Takes a backup: checks that there is room, dumps, and keeps the file only when all of it is there. And where to. */
import { megabytes } from "../../units.ts";
import { requireSpace } from "../freeSpace.ts";
import { type Database, inNumbers, sql } from "../postgres.ts";
import { type Dumped, dump } from "./dump.ts";
import { folderTarget } from "./folder.ts";
import { backupName, superfluous, type Target } from "./names.ts";
import { sshTarget } from "./ssh.ts";

/** Where a stack's backups go unless `agatha:backups.to` names another place; made if it is missing. */
export const defaultFolder = (stack: string): string => `.state/backups/${stack}`;

/** @param to `agatha:backups.to`: a folder that is there, or `ssh://user@host[:port]/path`. */
export function targetOf(to: string | undefined, stack: string): Target {
  if (to === undefined) return folderTarget(defaultFolder(stack), true);
  return to.startsWith("ssh://") ? sshTarget(to) : folderTarget(to, false);
}

interface Saved extends Omit<Dumped, "sha256"> {
  name: string;
  /** Where it is, for people. */
  place: string;
  seconds: number;
}

/** @param automatic Whether `prune` may remove it. @throws UserError; no partial file is left then. */
export async function saveBackup(
  database: Database,
  target: Target,
  stack: string,
  automatic: boolean,
): Promise<Saved> {
  const begin = performance.now();
  const ask =
    "select pg_database_size(current_database()), split_part(current_setting('server_version'), ' ', 1);";
  const [needed, version = ""] = (await sql(database, ask))[0]?.split("|") ?? [];
  requireSpace(target.place(""), await target.freeBytes(), Number(needed));
  const name = backupName(stack, new Date(), version, automatic);
  const draft = await target.create(name);
  try {
    const { sha256, ...dumped } = await dump(database, stack, (chunk) => draft.write(chunk));
    await draft.keep(sha256);
    return { name, place: target.place(name), ...dumped, seconds: (performance.now() - begin) / 1000 };
  } catch (error) {
    await draft.discard();
    throw error;
  }
}

/** `1.2 MB, 2 tables, 14 rows, 0.8 s; proved by restoring schema and rows` */
export const whatIsSaved = ({ bytes, rows, withRows, seconds }: Saved): string =>
  `${megabytes(bytes)}, ${inNumbers(rows)}, ${seconds.toFixed(1)} s; proved by restoring ${
    withRows ? "schema and rows" : "the schema; the rows were read only"
  }`;

/** Removes what `up` took of this stack by itself, but for the `keep` newest. @returns How many went. */
export async function prune(target: Target, stack: string, keep: number): Promise<number> {
  const names = superfluous(await target.list(), stack, keep);
  for (const name of names) await target.remove(name);
  return names.length;
}
