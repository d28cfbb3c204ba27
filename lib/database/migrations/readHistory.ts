/** Reads a database's schema history. */
import { UserError } from "../../userError.ts";
import { type Database, sql } from "../postgres.ts";
import { type Applied, type Comparison, HISTORY, named, sentences } from "./schemaHistory.ts";

/** The history, in its order; empty if nothing has been migrated. */
export async function readHistory(database: Database): Promise<Applied[]> {
  if ((await sql(database, "select to_regclass('flyway_schema_history');")).length === 0) return [];
  return (await sql(database, HISTORY)).map((row) => JSON.parse(row) as Applied);
}

/** @throws UserError naming the packaged files that did not run although Flyway says that all is well. */
export function requireComplete({ refused, pending }: Comparison): void {
  if (refused.length + pending.length === 0) return;
  const unfit = [...sentences(refused), ...(pending.length === 0 ? [] : [`Not applied: ${named(pending)}.`])];
  throw new UserError(
    `migrations: the schema history and the migrations differ after Flyway passed. Look at flyway_schema_history, then run up again.\n${unfit.join("\n")}`,
  );
}
