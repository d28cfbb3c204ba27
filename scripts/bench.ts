/**
 * `npm run bench`: what an update costs, side by side with an empty program and with docker compose; a table, and JSON.
 * `-- --only noop,sdk,preview,jar,dist,scaling` measures a part, `--rounds` and `--pairs` say how often.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command } from "../lib/cli/command.ts";
import { environment } from "../lib/stacks/stack.ts";
import { setup } from "../setup/setup.ts";
import { benchArguments } from "../test/bench/arguments.ts";
import { goalTable, rows } from "../test/bench/goals.ts";
import { machine } from "../test/bench/machine.ts";
import { measure } from "../test/bench/measure.ts";
import type { Results } from "../test/bench/results.ts";
import { Stand } from "../test/bench/stand.ts";

/** Git does not see it. */
const FOLDER = join(".state", "bench");

await command("bench", async (given) => {
  const options = benchArguments(given.options);
  await setup({ sample: true });
  Object.assign(process.env, await environment());
  const date = new Date().toISOString();
  const stand = await Stand.make();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void stand.remove().finally(() => process.exit(130)));
  const results: Results = { date, machine: await machine() };
  try {
    await measure(stand, options, results);
  } finally {
    if (rows(results).length > 0) write(results);
    await stand.remove();
  }
  return 0;
});

function write(results: Results): void {
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, `${results.date.replaceAll(":", "-")}.json`);
  writeFileSync(file, `${JSON.stringify({ ...results, rows: rows(results) }, null, 2)}\n`);
  process.stdout.write(`\n${goalTable(rows(results))}\nEvery measurement: ${file}\n`);
}
