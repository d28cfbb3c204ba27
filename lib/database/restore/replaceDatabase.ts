/**
 * Puts a dump in a database's place: restored beside it, compared, then exchanged by one transaction that renames both.
 * Until then, the database is as it was.
 */

import { createReadStream } from "node:fs";
import { stopIfInterrupted } from "../../process.ts";
import { UserError } from "../../userError.ts";
import { readDump, restoreDump, schemaText } from "../backup/dump.ts";
import { createLike, propertiesOf, settingsIn } from "../backup/properties.ts";
import { type Database, differingRows, type Rows, sql, tableRows, withoutExtensions } from "../postgres.ts";
import { identifier, literal } from "../sql.ts";
import { missingRoles, rolesIn } from "./roles.ts";

/** What the dump is restored as, and what the database becomes until it is dropped. One stack has one server. */
const RESTORING = "agatha_restoring";
export const REPLACED = "agatha_replaced";

/** Tries at the exchange: whoever connects by himself may come between. */
const TRIES = 5;

/** The database that one is connected to while others are renamed: none can rename its own. */
const maintenance = ({ name }: Database): string => (name === "postgres" ? "template1" : "postgres");

/**
 * Restores a dump beside the database and compares its rows with the dump's.
 *
 * @param rows The dump's own.
 * @returns What is told of it: roles that are not there.
 * @throws UserError in pg_restore's words, or UserError where rows differ; nothing is left of it then.
 */
export async function restoreBeside(database: Database, path: string, rows: Rows): Promise<string[]> {
  const script = await schemaText(database.container, createReadStream(path));
  const there = await sql(database, "select rolname from pg_roles;");
  const roles = missingRoles(rolesIn(script), there);
  await dropDatabase(database, RESTORING);
  try {
    await sql(database, await createLike(database, database.name, RESTORING), maintenance(database));
    // Before what is in it, which may need the search_path. What the dump has comes over what the stack's database has.
    const settings = settingsIn(script, RESTORING, (role) => there.includes(role));
    const properties = await propertiesOf(database, database.name, RESTORING);
    await sql(database, `${properties}\n${settings}`, maintenance(database));
    const options = roles.length === 0 ? [] : ["--no-owner", "--no-acl"];
    await restoreDump({ ...database, name: RESTORING }, createReadStream(path), options);
    stopIfInterrupted();
    await sql(database, "analyze;", RESTORING);
    const inDump = await withoutExtensions(rows, database, RESTORING);
    const differing = differingRows(inDump, await tableRows(database, RESTORING));
    if (differing.length > 0)
      throw new UserError(`restore: the dump and what was restored of it differ: ${differing.join("; ")}.`);
    stopIfInterrupted();
  } catch (error) {
    await dropDatabase(database, RESTORING);
    throw error;
  }
  return roles.length === 0
    ? []
    : [
        `Owners and grants of the dump are left out, since role ${roles.join(", ")} is not here: all belongs to ${database.user}.`,
      ];
}

/** Leaves nothing of what was restored beside. */
export const dropRestored = (database: Database): Promise<void> => dropDatabase(database, RESTORING);

/** Drops what the exchange put aside. */
export const dropReplaced = (database: Database): Promise<void> => dropDatabase(database, REPLACED);

/** Whether there is a database that an exchange put aside. */
export async function hasReplaced(database: Database): Promise<boolean> {
  const query = `select 1 from pg_database where datname =${literal(REPLACED)};`;
  return (await sql(database, query, maintenance(database))).length > 0;
}

/**
 * What became of an exchange that failed or was interrupted: psql goes on in its container when its client is ended.
 * Without the restored database, no exchange that is under way still can happen.
 *
 * @returns Whether it happened.
 */
export async function settle(database: Database): Promise<boolean> {
  await dropRestored(database);
  return hasReplaced(database);
}

/** Exchanges the two, where nothing is put aside yet. Whoever is connected is cut off. */
export async function exchange(database: Database): Promise<void> {
  const [name, restored, replaced] = [database.name, RESTORING, REPLACED].map(identifier);
  const statements = [
    `select pg_terminate_backend(pid) from pg_stat_activity where datname =${literal(database.name)};`,
    "begin;",
    `alter database ${name} rename to ${replaced};`,
    `alter database ${restored} rename to ${name};`,
    "commit;",
  ].join("\n");
  for (let tries = 1; ; tries++) {
    try {
      await sql(database, statements, maintenance(database));
      return;
    } catch (error) {
      if (tries === TRIES || !/is being accessed by other users/.test((error as Error).message)) throw error;
    }
  }
}

async function dropDatabase(database: Database, name: string): Promise<void> {
  const cutOff = `select pg_terminate_backend(pid) from pg_stat_activity where datname =${literal(name)};`;
  await sql(
    database,
    `set client_min_messages = error;\n${cutOff}\ndrop database if exists ${identifier(name)};`,
    maintenance(database),
  );
}

/** The rows in a dump and what they take as text, read to its end. */
export const rowsOf = (database: Database, path: string): Promise<{ rows: Rows; textBytes: number }> =>
  readDump(database.container, createReadStream(path));
