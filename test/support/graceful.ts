/** Replaces and restarts the database of a scratch stack under write load, and checks for a clean shutdown each time. */
import { expect } from "vitest";
import { databaseLog, expectAll, expectNoCrash } from "./database.ts";
import { freePort } from "./host.ts";
import type { Scratch } from "./scratch.ts";
import type { Writers } from "./writers.ts";

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
