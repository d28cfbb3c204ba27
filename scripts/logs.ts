/** `npm run logs [service]`: the last lines of the stack's services; `-- --follow` goes on, for one service. */

import { command } from "../lib/cli/command.ts";
import { runHere } from "../lib/process.ts";
import { ABSENT, partsOf, SERVICES } from "../lib/stacks/parts.ts";
import { environment, npmRun } from "../lib/stacks/stack.ts";
import { UserError } from "../lib/userError.ts";

/** Lines a service. */
const LINES = "100";

await command("logs", async ({ stack, file, words, options: { follow = false } }) => {
  const env = await environment(stack, file);
  const wanted = words.length > 0 ? words : SERVICES;
  for (const service of wanted)
    if (!SERVICES.includes(service))
      throw new UserError(`logs: "${service}" is not a service. Use ${SERVICES.join(", ")}.`);
  if (follow && wanted.length > 1)
    throw new UserError("logs: --follow is for one service. Name it: `npm run logs -- back --follow`.");
  const containers = await partsOf("container", stack, env);
  const missing: string[] = [];
  let failed = 0;
  for (const service of wanted) {
    const container = containers.find((part) => part.service === service)?.name;
    if (container === undefined) {
      missing.push(service);
      continue;
    }
    if (wanted.length > 1) process.stdout.write(`── ${service} ──\n`);
    const args = ["logs", "--tail", LINES, ...(follow ? ["--follow"] : []), container];
    const code = await runHere("docker", args, { env });
    // An interrupt is how following ends.
    if (!(follow && code === 130)) failed ||= code;
  }
  if (missing.length > 0)
    throw new UserError(
      `logs: ${missing.join(", ")} of stack ${stack} ${ABSENT}. ${npmRun("up", stack, "--refresh")} brings it up.`,
    );
  return failed;
});
