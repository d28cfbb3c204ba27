/** `npm run logs [service]`: the last lines of the stack's services; `-- --follow` keeps printing, for one service. */
import { command } from "../lib/cli/command.ts";
import { environment } from "../lib/stacks/stack.ts";
import { showLogs } from "../lib/stacks/status.ts";

await command("logs", async ({ stack, file, words, options: { follow = false } }) =>
  showLogs(stack, words, follow, await environment(stack, file)),
);
