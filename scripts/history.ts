/** `npm run history`: what the stack ran, when, from what, and what it can go back to. */
import { command } from "../lib/cli/command.ts";
import { describe, historyText, hostState, recorded } from "../lib/stacks/history.ts";
import { environment, stateOf } from "../lib/stacks/stack.ts";
import { isOnSwarm } from "../lib/stacks/state.ts";
import { UserError } from "../lib/userError.ts";

await command("history", async ({ stack, file, options }) => {
  const env = await environment(stack, file);
  const deployment = await stateOf(stack, env);
  if (deployment === undefined)
    throw new UserError(
      `--stack: there is no stack ${JSON.stringify(stack)}. \`npm run up\` makes stack dev.`,
    );
  const { history, dockerHost } = recorded(deployment);
  const where = { ...env, ...(dockerHost && { DOCKER_HOST: dockerHost }) };
  const host = await hostState(stack, isOnSwarm(deployment), where);
  const described = describe(history, host);
  process.stdout.write(
    options.json ? `${JSON.stringify(described, null, 2)}\n` : historyText(stack, described),
  );
  return 0;
});
