/** SQL on a database from inside its container: over the local socket, where PostgreSQL asks for no password. */
import { DONE, docker, dockerError } from "../docker/client.ts";
import { run } from "../process.ts";
import { UserError } from "../userError.ts";
import { freeIn } from "./freeSpace.ts";
import { DATA } from "./officialImage.ts";

export interface Database {
  /** Name or id of the container. */
  container: string;
  /** The role, which owns the database. */
  user: string;
  name: string;
  /** `host:port` of a server outside of the stack, of which the container is a client. */
  server?: string | undefined;
}

/** A database that can be connected to while others are renamed or asked about: none can rename its own. */
export const maintenance = ({ name }: Pick<Database, "name">): string =>
  name === "postgres" ? "template1" : "postgres";

/** Rows by table (`schema.table`). */
export type Rows = Map<string, number>;

/** psql, saying nothing but results, and stopping at the first error. */
const PSQL = ["psql", "-qtAXw", "-v", "ON_ERROR_STOP=1"];

/** For psql: lifts the time limits of the database and the role, which are meant for the application's statements. */
const NO_TIMEOUTS = `set statement_timeout = 0; select set_config(name, '0', false) from pg_settings where name in ('statement_timeout',
  'lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout') \\g /dev/null\n`;

/** Runs statements and gives the lines that they answer. @throws UserError with PostgreSQL's message. */
export async function sql(database: Database, statements: string, name = database.name): Promise<string[]> {
  const args = ["exec", "-i", database.container, ...PSQL, "-U", database.user, "-d", name];
  const result = await run("docker", args, { input: `${NO_TIMEOUTS}${statements}\n\\echo ${DONE}\n` });
  const lines = result.stdout.split("\n").filter(Boolean);
  if (result.code === 0 && lines.includes(DONE)) return lines.filter((line) => line !== DONE);
  const reason = /(?:ERROR|FATAL):[^\n]*(?:\nDETAIL:[^\n]*)?/.exec(result.stderr)?.[0];
  if (reason === undefined) throw new UserError(await dockerError(["exec"], result));
  throw new UserError(`database "${name}": ${reason}`);
}

/** A database's name as libpq takes it, which reads a name with `=` as something else. */
export const connection = (name: string): string => `dbname='${name.replace(/[\\']/g, "\\$&")}'`;

/** A string as an SQL literal, whatever `standard_conforming_strings` says. */
export const literal = (value: string): string =>
  ` E'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;

/** A name as a quoted SQL identifier. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The name that an SQL identifier stands for, quoted or not. */
export const unquoted = (name: string): string =>
  name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;

/** Gives a role its password; neither a log setting of the server nor a failure writes the statement into its log. */
export function alterRole(role: string, password: string): string {
  const quiet =
    "SET log_statement = 'none'; SET log_min_duration_statement = -1; SET log_min_error_statement = 'panic';";
  return `${quiet}\nALTER ROLE ${identifier(role)} PASSWORD${literal(password)};\n`;
}

/** Ends sessions that the role may end: of a database, or of a program in the database that this is run in. */
export function endSessions(of: "datname" | "application_name", name: string): string {
  // The server may have other stacks' databases, with programs of the same name.
  const here = of === "datname" ? "" : " and datname = current_database()";
  return `select pg_terminate_backend(pid) from pg_stat_activity where ${of} =${literal(name)}${here} and pg_has_role(usesysid, 'usage');`;
}

/** Tables that somebody made: no views, no system's, no extension's, no temporary ones. Partitions count, their parents do not. */
const TABLES = `
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`;

/** For psql: a line of JSON for each table, all at one moment. Reads every table. */
export const COUNT_ROWS = `${NO_TIMEOUTS}begin isolation level repeatable read read only;
  select format('select json_build_array(%L::text, %L::text, count(*)) from only %I.%I',
    n.nspname, c.relname, n.nspname, c.relname) ${TABLES} order by n.nspname, c.relname \\gexec
  commit;\n`;

/** What `COUNT_ROWS` answers. */
export function countedRows(lines: string[]): Rows {
  const counts = lines.map((line) => JSON.parse(line) as [string, string, number]);
  return new Map(counts.map(([schema, table, rows]) => [`${schema}.${table}`, rows]));
}

/** Rows of every table, all at one moment. Reads every table. */
export const tableRows = async (database: Database, name = database.name): Promise<Rows> =>
  countedRows(await sql(database, COUNT_ROWS, name));

/** Tables of extensions. Of some (`cron.job`, `spatial_ref_sys`), rows that the extension did not bring are in a dump. */
const EXTENSION_TABLES = `
  select json_build_array(n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e');`;

/** Rows in a database's dump but for those of extensions' tables, which `tableRows` does not count either. */
export async function withoutExtensions(rows: Rows, database: Database): Promise<Rows> {
  const lines = await sql(database, EXTENSION_TABLES);
  const theirs = new Set(lines.map((line) => (JSON.parse(line) as string[]).join(".")));
  return new Map([...rows].filter(([table]) => !theirs.has(table)));
}

/** Number of tables that somebody made. */
export const tableCount = async (database: Database): Promise<number> =>
  Number((await sql(database, `select count(*) ${TABLES};`))[0]);

/** Free bytes where docker has the volumes of the database's container. */
export const freeBytes = async ({ container }: Database): Promise<number> =>
  freeIn(await docker(["exec", container, "df", "-Pk", DATA]));

/** The major version of a server: 13 of `13.14`, 17 of `17beta1`. */
export const majorOf = (version: string): number => Number.parseInt(version, 10);

/** What differs between two counts: `public.budget: 3 and 4 rows`; nothing if they agree. */
export function differingRows(a: Rows, b: Rows): string[] {
  const tables = [...new Set([...a.keys(), ...b.keys()])].sort();
  return tables
    .filter((table) => (a.get(table) ?? 0) !== (b.get(table) ?? 0))
    .map((table) => `${table}: ${a.get(table) ?? "no"} and ${b.get(table) ?? "no"} rows`);
}

/** `2 tables, 14 rows` */
export function inNumbers(rows: Rows): string {
  const sum = [...rows.values()].reduce((total, count) => total + count, 0);
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? "" : "s"}`;
  return `${count(rows.size, "table")}, ${count(sum, "row")}`;
}
