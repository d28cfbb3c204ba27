/** `npm run test:soak`: faults in random order for half an hour; the last line has the numbers. */
import { command } from "../lib/cli/command.ts";
import { ended } from "../test/checks/checks.ts";
import { soak } from "../test/soak/run.ts";

await command("soak", async (given) => ended(await soak(given)));
