/** Checks of a scratch stack's database, which are also made while it is replaced and restarted under write load. */
import { expect } from "vitest";
import { freePort } from "./host.ts";
import type { Scratch } from "./scratch.ts";
import type { Writers } from "./writers.ts";

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

/** Toggles the database's published port in the config, so that the next update replaces its container. */
export async function changeDatabase(scratch: Scratch): Promise<void> {
  const { publish } = (scratch.config["database"] ?? {}) as { publish?: object };
  scratch.config["database"] = publish === undefined ? { publish: { port: await freePort() } } : {};
}

export async function replaceGracefully(scratch: Scratch, writers: Writers, times: number): Promise<void> {
  for (let round = 0; round < times; round++) {
    await writers.more(10);
    await changeDatabase(scratch);
    const { operations } = await scratch.upWell();
    expect(operations["db-container"]).toBe("replace");
    expect(await databaseLog(scratch)).toContain("database system was shut down at");
    await expectNoCrash(scratch);
    await writers.more(10);
    await expectAll(scratch, [...writers.acknowledged]);
  }
}

export async function restartGracefully(scratch: Scratch, writers: Writers, times: number): Promise<void> {
  for (let round = 0; round < times; round++) {
    await writers.more(10);
    await scratch.docker("restart", await scratch.container("db"));
    await writers.more(10);
  }
  await expectNoCrash(scratch);
  await expectAll(scratch, [...writers.acknowledged]);
}
