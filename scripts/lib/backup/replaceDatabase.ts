/**
 * Puts a dump in a database's place: restored beside it, compared, then exchanged by one transaction that renames both.
 * Until then, the database is as it was.
 */
import { createReadStream } from "node:fs";
import { readDump, restoreDump, schemaText } from "../../../steps/backup/dump.ts";
import { type Database, differingRows, type Rows, sql, tableRows } from "../../../steps/postgres.ts";
import { stopIfInterrupted } from "../../../steps/process.ts";
import { identifier, literal } from "../../../steps/sql.ts";
import { Stop } from "../exec.ts";
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
 * @throws StepError in pg_restore's words, or Stop where rows differ; nothing is left of it then.
 */
export async function restoreBeside(database: Database, path: string, rows: Rows): Promise<string[]> {
  const roles = missingRoles(
    rolesIn(await schemaText(database.container, createReadStream(path))),
    await sql(database, "select rolname from pg_roles;"),
  );
  await dropDatabase(database, RESTORING);
  try {
    await sql(database, await likeStatement(database, RESTORING), maintenance(database));
    const options = roles.length === 0 ? [] : ["--no-owner", "--no-acl"];
    await restoreDump({ ...database, name: RESTORING }, createReadStream(path), options);
    stopIfInterrupted();
    await sql(database, "analyze;", RESTORING);
    const differing = differingRows(rows, await tableRows(database, RESTORING));
    if (differing.length > 0)
      throw new Stop(`restore: the dump and what was restored of it differ: ${differing.join("; ")}.`);
    await copySettings(database, RESTORING);
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

/** Makes a database with the owner, encoding and locale of another. */
async function likeStatement(database: Database, name: string): Promise<string> {
  const [line] = await sql(
    database,
    `select format('create database %I template template0 owner %I encoding %L lc_collate %L lc_ctype %L;',
       ${literal(name)}, pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype)
     from pg_database where datname =${literal(database.name)};`,
  );
  return line ?? "";
}

/** What belongs to the database itself and so is in no dump of it: its settings and who may connect. */
async function copySettings(database: Database, to: string): Promise<void> {
  const from = `(select oid from pg_database where datname =${literal(database.name)})`;
  const target = literal(to);
  // A list as it is in the catalogue is no literal: it goes by way of the session's own setting.
  const settings = `
    select format('select set_config(%L, %L, false)', split_part(entry, '=', 1), substr(entry, strpos(entry, '=') + 1)),
      format(case when setrole = 0 then 'alter database %2$I set %3$I from current'
                  else 'alter role %1$I in database %2$I set %3$I from current' end,
        case when setrole = 0 then '' else pg_get_userbyid(setrole)::text end, ${target}, split_part(entry, '=', 1))
    from pg_db_role_setting, unnest(setconfig) entry where setdatabase = ${from}`;
  const grants = `
    select format('revoke all on database %I from public', ${target}) from pg_database where oid = ${from} and datacl is not null
    union all
    select format('grant %s on database %I to %s', privilege_type, ${target},
      case when grantee = 0 then 'public' else quote_ident(pg_get_userbyid(grantee)::text) end)
    from pg_database, aclexplode(datacl) where oid = ${from}`;
  await sql(database, `${settings} \\gexec\n${grants} \\gexec\n`, maintenance(database));
}

/** The rows in a dump and what they take as text, read to its end. */
export const rowsOf = (database: Database, path: string): Promise<{ rows: Rows; textBytes: number }> =>
  readDump(database.container, createReadStream(path));
