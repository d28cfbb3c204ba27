/** `npm run logs [service]`: the last lines of the stack's services; `-- --follow` keeps printing, for one service. */
import { command } from "../lib/cli/command.ts";
import { showLogs } from "../lib/stacks/logs.ts";
import { environment } from "../lib/stacks/stack.ts";

await command("logs", async ({ stack, file, words, options: { follow = false } }) => {
  Object.assign(process.env, await environment(stack, file));
  return showLogs(stack, words, follow);
});
