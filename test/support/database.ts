/** Checks of a scratch stack's database. */
import { expect } from "vitest";
import type { Scratch } from "./scratch.ts";

/** PostgreSQL's log lines at a start without a clean shutdown before. */
const CRASH = /database system was not properly shut down|automatic recovery in progress/;

/** Every acknowledged write is there exactly once. */
export async function expectAll(scratch: Scratch, acknowledged: string[]): Promise<void> {
  const stored = new Map<string, number>();
  for (const row of await scratch.sql("select name, count(*) from budget group by name")) {
    const [name = "", count] = row.split("\t");
    stored.set(name, Number(count));
  }
  expect(acknowledged.filter((name) => stored.get(name) !== 1)).toEqual([]);
}

/** The log of the database's container, with all its starts. */
export const databaseLog = async (scratch: Scratch): Promise<string> =>
  (await scratch.docker("logs", await scratch.container("db"))).join("\n");

/** The database was always shut down cleanly, as far back as its container's log goes. */
export async function expectNoCrash(scratch: Scratch): Promise<void> {
  const log = await databaseLog(scratch);
  // An empty log would show no crash either.
  expect(log).toContain("database system is ready to accept connections");
  expect(log).not.toMatch(CRASH);
}
