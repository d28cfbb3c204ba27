/** Copies all of a PostgreSQL server into a new one of a newer version: by the newer version's own programs. */
import { DONE, docker } from "../../docker/client.ts";
import { run } from "../../process.ts";
import { UserError } from "../../userError.ts";
import {
  connection,
  type Database,
  differingRows,
  identifier,
  type Rows,
  sql,
  tableRows,
} from "../postgres.ts";
import { createLike, propertiesOf, roleSettings } from "../properties.ts";
import { RESTORE, requireDone, searchPath } from "../restoreScript.ts";

/** Two servers that share a network namespace; what runs in the new one's container reaches the old one at `port`. */
interface Servers {
  old: Database;
  new: Database;
  port: number;
}

/** Every database that somebody may have put data into. */
async function databasesOf(server: Database): Promise<string[]> {
  const statement =
    "select json_agg(datname order by datname) from pg_database where datallowconn and not datistemplate;";
  return JSON.parse((await sql(server, statement)).join("")) as string[];
}

/** Of all databases, on disk. @throws UserError if some of the data is outside of the volume. */
export async function clusterBytes(server: Database): Promise<number> {
  const spaces = await sql(server, "select spcname from pg_tablespace where spcname !~ '^pg_';");
  if (spaces.length > 0)
    throw new UserError(
      `it has tablespaces outside of its volume (${spaces.join(", ")}). Move what is in them to pg_default`,
    );
  return Number((await sql(server, "select sum(pg_database_size(oid)) from pg_database;"))[0]);
}

/**
 * Copies roles with their passwords, databases with their settings and rights, and all that is in them; then compares.
 *
 * @returns The rows, by `database: schema.table`. @throws UserError in PostgreSQL's words, or naming what differs.
 */
export async function copyCluster(servers: Servers): Promise<Rows> {
  const { old, new: target, port } = servers;
  const from = ["-h", "127.0.0.1", "-p", String(port), "-U", old.user, "--no-password"];
  const roles = await docker(["exec", target.container, "pg_dumpall", ...from, "--roles-only"]);
  await sql(target, withoutRole(roles, target.user));
  // pg_dumpall leaves out what ALTER ROLE ALL set (PostgreSQL 13 to 17).
  await sql(target, (await roleSettings(old, target.user)).join("\n"));
  const there = await databasesOf(target);
  for (const name of await databasesOf(old)) {
    if (!there.includes(name)) await createDatabase(servers, name);
    // Before what is in it, which may need the search_path.
    await sql(target, await propertiesOf(old, name, name));
    const args = [target.user, name, connection(name), await searchPath(old, connection(name)), ...from];
    const copy = await run("docker", ["exec", target.container, "bash", "-c", COPY, "bash", ...args]);
    await requireDone(`copying database "${name}" failed`, copy);
  }
  return compareClusters(servers);
}

/** With the old one's encoding and locale, if the new version's image has that locale. */
async function createDatabase({ old, new: target }: Servers, name: string): Promise<void> {
  await sql(target, await createLike(old, name, name)).catch((error: Error) => {
    if (!/locale/.test(error.message)) throw error;
    return sql(target, `create database ${identifier(name)} template template0;`);
  });
}

/** The roles' SQL without making the one role that a new server has already. */
export function withoutRole(roles: string, role: string): string {
  const made = [`CREATE ROLE ${role};`, `CREATE ROLE ${identifier(role)};`];
  const others = roles.split("\n").filter((line) => !made.includes(line));
  return others.join("\n");
}

/** From one server into the other inside a container: nothing of it goes through this program. */
const COPY = `
  set -euo pipefail
  ${RESTORE}
  export PGUSER=$1 PGDATABASE=$2
  database=$3 path=$4
  shift 4
  pg_dump "$@" --format=custom --compress=0 --dbname="$database" | restore "$path"
  echo "${DONE}" >&2`;

/** Values of sequences and names of extensions, one a line. */
const OTHERS = `
  select format('sequence %I.%I at %s', schemaname, sequencename, coalesce(last_value::text, 'its start')) from pg_sequences
  union all select format('extension %I', extname) from pg_extension order by 1;`;

/** Compares rows, sequences and extensions of every database. */
async function compareClusters(servers: Servers): Promise<Rows> {
  const all: Rows = new Map();
  for (const name of await databasesOf(servers.old)) {
    const at = connection(name);
    const [before, after] = [await tableRows(servers.old, at), await tableRows(servers.new, at)];
    const others = await sql(servers.old, OTHERS, at);
    const found = new Set(await sql(servers.new, OTHERS, at));
    const missing = others.filter((line) => !found.has(line)).map((line) => `${line}: missing`);
    const differences = [...differingRows(before, after), ...missing];
    if (differences.length > 0)
      throw new UserError(`database "${name}" differs after the copy: ${differences.join("; ")}`);
    for (const [table, rows] of after) all.set(`${name}: ${table}`, rows);
    // A new database knows nothing of its tables yet, and would plan by guesses.
    await sql(servers.new, "analyze;", at);
  }
  return all;
}

const MD5_ROLES =
  "select rolname from pg_authid where rolpassword like 'md5%' and rolname <> current_user order by 1;";

/**
 * The roles with such a password, but for the stack's own, which is set after each upgrade. If there are some, the new data
 * directory has to ask by `md5`, which takes SCRAM as well (PostgreSQL's documentation, auth-password.html).
 */
export const md5Roles = (database: Database): Promise<string[]> => sql(database, MD5_ROLES);

/** The remark on them; empty if there are none. */
export const md5Note = (roles: string[]): string =>
  roles.length === 0
    ? ""
    : `. Still kept as md5, and still good to log in with: the password${roles.length === 1 ? "" : "s"} of ${roles.join(", ")}. Set each again to have it kept by SCRAM (docs/postgresql-major.md)`;
