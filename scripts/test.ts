/** `npm test`: every check there is; the last line has the numbers. */
import { command } from "../lib/cli/command.ts";
import { ended } from "../test/checks/checks.ts";
import { everything } from "../test/checks/everything.ts";

await command("test", async ({ words }) => ended(await everything(words)));
