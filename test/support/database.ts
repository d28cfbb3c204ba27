/** What a test asks the database of a scratch stack. */
import { expect } from "vitest";
import type { Scratch } from "./scratch.ts";

/** What PostgreSQL writes when it starts after it was not stopped gracefully. */
const CRASH = /database system was not properly shut down|automatic recovery in progress/;

/** Every acknowledged write is there, once. */
export async function expectAll(scratch: Scratch, acknowledged: string[]): Promise<void> {
  const stored = new Map<string, number>();
  for (const row of await scratch.sql("select name, count(*) from budget group by name")) {
    const [name = "", count] = row.split("\t");
    stored.set(name, Number(count));
  }
  expect(acknowledged.filter((name) => stored.get(name) !== 1)).toEqual([]);
}

/** The log of the database's container, all of its starts. */
export const databaseLog = async (scratch: Scratch): Promise<string> =>
  (await scratch.docker("logs", scratch.container("db"))).join("\n");

/** The database was never started after a crash, as far as its container's log goes back. */
export async function expectNoCrash(scratch: Scratch): Promise<void> {
  const log = await databaseLog(scratch);
  // Of the log at least: an empty one would tell of no crash either.
  expect(log).toContain("database system is ready to accept connections");
  expect(log).not.toMatch(CRASH);
}
