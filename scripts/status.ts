/** `npm run status`: which services of the stack run, how they are, which container serves, where they are published. */
import { command } from "../lib/cli/command.ts";
import { environment } from "../lib/stacks/stack.ts";
import { showStatus } from "../lib/stacks/status.ts";

await command("status", async ({ stack, file }) => {
  Object.assign(process.env, await environment(stack, file));
  return showStatus(stack);
});
