/** `npm run bench`: what an update costs, side by side with an empty program and with docker compose; a table, and JSON. */
import { command } from "../lib/cli/command.ts";
import { bench } from "../test/bench/bench.ts";

await command("bench", async (given) => {
  await bench(given);
  return 0;
});
