/** `npm run status`: which services of the stack run, how they are, where they are published and which images they run. */
import { command } from "../lib/cli/command.ts";
import { environment } from "../lib/stacks/stack.ts";
import { showStatus } from "../lib/stacks/status.ts";

await command("status", async ({ stack, file }) => showStatus(stack, await environment(stack, file)));
