/** Loads harshSchema.sql into a stack's database, and dumps a database as text. */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { start } from "../../lib/process.ts";
import type { Scratch } from "./scratch.ts";

/** The search_path that the schema's functions depend on; a setting of the database. */
const PATH = 'alter database docker_agatha_db set search_path = "$user", public, app, "Odd one"';

/** Settings of the server that it depends on. */
export const HARSH_SETTINGS = { "app.tenant": "acme" };

/** A materialized view over a foreign server that only the stack's database reaches: itself. */
export const FOREIGN = `
  create extension postgres_fdw;
  create server far foreign data wrapper postgres_fdw options (host '127.0.0.1', dbname 'postgres');
  create user mapping for public server far options (user 'postgres', password 'x');
  create foreign table app.far_type (oid oid, typname name) server far options (schema_name 'pg_catalog', table_name 'pg_type');
  create materialized view app.far_types as select typname from app.far_type where oid < 20;`;

export async function loadHarshSchema(scratch: Scratch): Promise<void> {
  await scratch.sql(PATH);
  const psql = "psql -v ON_ERROR_STOP=1 -qU postgres -d docker_agatha_db -o /dev/null".split(" ");
  const { child, ended } = start("docker", ["exec", "-i", await scratch.container("db"), ...psql]);
  child.stdout.resume();
  await pipeline(createReadStream("test/support/harshSchema.sql"), child.stdin);
  const { code, stderr } = await ended;
  if (code !== 0) throw new Error(stderr);
}

/** pg_dump's text of the database: schema, rows, sequences, large objects, owners, rights and settings. */
export async function wholeDump(scratch: Scratch): Promise<string> {
  const pgDump = ["pg_dump", "-U", "postgres", "--create", "docker_agatha_db"];
  const lines = await scratch.docker("exec", await scratch.container("db"), ...pgDump);
  // A random key of each dump.
  return lines.filter((line) => !/^\\(un)?restrict /.test(line)).join("\n");
}
