/**
 * Puts a dump in a database's place: restored beside it, compared, then exchanged by one transaction that renames both.
 * Until then, the database is as it was.
 */
import { createHash } from "node:crypto";
import { DONE } from "../../docker/client.ts";
import { start, stopIfInterrupted } from "../../process.ts";
import { UserError } from "../../userError.ts";
import { feed } from "../backup/dump.ts";
import type { DumpText } from "../dumpText.ts";
import {
  type Database,
  differingRows,
  endSessions,
  identifier,
  literal,
  maintenance,
  majorOf,
  sql,
  tableRows,
  withoutExtensions,
} from "../postgres.ts";
import { createLike, propertiesOf, settingsIn } from "../properties.ts";
import { FROM_TEXT, RESTORE, requireDone, searchPath } from "../restoreScript.ts";
import { missingRoles, type Server } from "./contents.ts";
import type { DumpFile } from "./file.ts";

/** A server outside of the stack may have the databases of several. */
const aside = (prefix: string, { name, server }: Database): string =>
  server === undefined ? prefix : `${prefix}_${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;

/** What the dump is restored as, and what the database becomes until it is dropped. */
const restoringName = (database: Database): string => aside("agatha_restoring", database);
export const replacedName = (database: Database): string => aside("agatha_replaced", database);

/** Tries at the exchange: a client that connects may come between. */
const TRIES = 5;

/** A dump that is to be restored. */
interface Incoming {
  file: DumpFile;
  text: DumpText;
  server: Server;
}

/**
 * Restores a dump beside the database and compares its rows with the dump's. @returns The roles that it made.
 *
 * @throws UserError in PostgreSQL's words, or naming the rows that differ; nothing of it is left then.
 */
export async function restoreBeside(database: Database, incoming: Incoming): Promise<string[]> {
  const { text, server } = incoming;
  const beside = restoringName(database);
  const restoring = { ...database, name: beside };
  const outside = { ...database, name: maintenance(database) };
  const rolesThere = () => sql(outside, "select rolname from pg_roles;");
  await dropDatabase(database, beside);
  // Asked just before: a role that somebody else has made since is not this restore's to drop.
  const existing = await rolesThere();
  const missing = server.superuser ? missingRoles(text, server) : [];
  const roles = missing.filter((role) => !existing.includes(role));
  try {
    const made = roles.map((role) => `create role ${identifier(role)} nologin;`);
    await sql(outside, ["begin;", ...made, "commit;"].join("\n"));
    await sql(outside, await createLike(database, database.name, beside));
    // Before what is in it, which may need the search_path. What the dump has comes over what the stack's database has.
    const there = await rolesThere();
    const mine = (role: string) => server.superuser || role === database.user;
    const settings = settingsIn(text.head, beside, (role) => there.includes(role) && mine(role));
    await sql(outside, `${await propertiesOf(database, database.name, beside)}\n${settings}`);
    if (text.createsPublic) await sql(restoring, "drop schema public;");
    await load(restoring, incoming);
    stopIfInterrupted();
    await sql(restoring, "analyze;");
    const inDump = await withoutExtensions(text.rows, restoring);
    const differing = text.inserts ? [] : differingRows(inDump, await tableRows(restoring));
    if (differing.length > 0)
      throw new UserError(`restore: the dump and what was restored of it differ: ${differing.join("; ")}.`);
    stopIfInterrupted();
    return roles;
  } catch (error) {
    await dropDatabase(database, beside);
    await dropRoles(database, roles);
    throw error;
  }
}

const SCRIPT = `set -o pipefail; ${RESTORE}; [ "$1" = archive ] || ${FROM_TEXT}; shift; restore "$@" && echo "${DONE}" >&2`;

/** Restores into a database, which has to be empty, under the search_path that its sessions have. */
async function load(restoring: Database, { file, text, server }: Incoming): Promise<void> {
  const path = await searchPath(restoring);
  const args = file.isArchive
    ? ["archive", path, "--no-tablespaces", ...leftOut(text, server)]
    : ["text", path, String(text.start + 1), edits(text, server.version)];
  const program = start("docker", [
    ...["exec", "-i", "--env", `PGUSER=${restoring.user}`, "--env", `PGDATABASE=${restoring.name}`],
    ...[restoring.container, "bash", "-c", SCRIPT, "bash", ...args],
  ]);
  program.child.stdout.resume();
  await feed(file.read(), program);
  const what = file.isArchive ? "pg_restore" : "psql";
  await requireDone(`${what} into "${restoring.name}" failed`, await program.ended);
}

/** Options of pg_restore: a role that is no superuser gives nothing to others, and makes no roles that grants may name. */
export const leftOut = (text: Pick<DumpText, "roles">, server: Server): string[] =>
  server.superuser ? [] : ["--no-owner", ...(missingRoles(text, server).length > 0 ? ["--no-acl"] : [])];

/** For sed: takes out what a newer pg_dump writes and an older psql or server does not know. */
export const edits = ({ token }: DumpText, version: string): string =>
  [
    ...(token === "" ? [] : [`/^\\\\(un)?restrict ${token}$/d`]),
    ...(majorOf(version) < 17 ? ["1,60{/^SET transaction_timeout = 0;$/d}"] : []),
  ].join("\n");

/** Drops the roles that were made for a dump. */
async function dropRoles(database: Database, roles: string[]): Promise<void> {
  await sql(database, roles.map((role) => `drop role if exists ${identifier(role)};`).join("\n"));
}

/** Whether there is a database that an exchange put aside. */
export async function hasReplaced(database: Database): Promise<boolean> {
  const query = `select 1 from pg_database where datname =${literal(replacedName(database))};`;
  return (await sql(database, query, maintenance(database))).length > 0;
}

/**
 * Settles what became of an exchange that failed or was interrupted: psql goes on in its container when its client is ended.
 * Without the restored database, none can happen any more. @returns Whether it did.
 */
export async function settle(database: Database, roles: string[]): Promise<boolean> {
  await dropDatabase(database, restoringName(database));
  const happened = await hasReplaced(database);
  if (!happened) await dropRoles(database, roles);
  return happened;
}

/** Exchanges the two, if nothing is put aside yet. Sessions of other clients are ended. */
export async function exchange(database: Database): Promise<void> {
  const name = identifier(database.name);
  const statements = `${endSessions("datname", database.name)}
begin;
alter database ${name} rename to ${replacedName(database)};
alter database ${restoringName(database)} rename to ${name};
commit;`;
  for (let tries = 1; ; tries++) {
    try {
      await sql(database, statements, maintenance(database));
      return;
    } catch (error) {
      if (tries === TRIES || !/is being accessed by other users/.test((error as Error).message)) throw error;
    }
  }
}

/** Drops a database of the server, if it is there, with its sessions. */
export async function dropDatabase(database: Database, name: string): Promise<void> {
  const statements = `set client_min_messages = error;
${endSessions("datname", name)}
drop database if exists ${identifier(name)};`;
  await sql(database, statements, maintenance(database));
}
