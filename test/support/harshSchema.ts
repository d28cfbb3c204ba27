/** Puts harshSchema.sql into a stack's database, and tells all that is in a database. */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { start } from "../../steps/process.ts";
import type { Scratch } from "./scratch.ts";

/** The search_path that the schema's functions take for granted; a setting of the database. */
const PATH = 'alter database docker_agatha_db set search_path = "$user", public, app, "Odd one"';

export async function loadHarshSchema(scratch: Scratch): Promise<void> {
  await scratch.sql(PATH);
  const psql = [
    "psql",
    "-v",
    "ON_ERROR_STOP=1",
    "-qU",
    "postgres",
    "-d",
    "docker_agatha_db",
    "-o",
    "/dev/null",
  ];
  const { child, ended } = start("docker", ["exec", "-i", scratch.container("db"), ...psql]);
  child.stdout.resume();
  await pipeline(createReadStream("test/support/harshSchema.sql"), child.stdin);
  const { code, stderr } = await ended;
  if (code !== 0) throw new Error(stderr);
}

/** Schema, rows, sequences, large objects, owners, rights and settings: what pg_dump makes of the database, as text. */
export async function wholeDump(scratch: Scratch): Promise<string> {
  const pgDump = ["pg_dump", "-U", "postgres", "--create", "docker_agatha_db"];
  const lines = await scratch.docker("exec", scratch.container("db"), ...pgDump);
  // A key of each dump's own.
  return lines.filter((line) => !/^\\(un)?restrict /.test(line)).join("\n");
}
