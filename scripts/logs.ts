/** `npm run logs [service]`: the last lines of the stack's services; `-- --follow` goes on, for one service. */
import { command } from "./lib/command.ts";
import { runHere, Stop } from "./lib/exec.ts";
import { partsOf } from "./lib/parts.ts";
import { environment, npmRun } from "./lib/stack.ts";

const SERVICES = ["db", "back", "front"];

/** Lines a service. */
const LINES = "100";

await command("logs", async ({ stack, file, words, options: { follow = false } }) => {
  const env = await environment(stack, file);
  const wanted = words.length > 0 ? words : SERVICES;
  for (const service of wanted)
    if (!SERVICES.includes(service))
      throw new Stop(`logs: "${service}" is not a service. Use ${SERVICES.join(", ")}.`);
  if (follow && wanted.length > 1)
    throw new Stop("logs: --follow is for one service. Name it: `npm run logs -- back --follow`.");
  const containers = await partsOf("container", stack, env);
  for (const service of wanted) {
    const container = containers.find((part) => part.service === service)?.name;
    if (container === undefined)
      throw new Stop(
        `logs: ${service} of stack ${stack} is not there. ${npmRun("up", stack, "--refresh")} brings it up.`,
      );
    if (wanted.length > 1) process.stdout.write(`── ${service} ──\n`);
    await runHere("docker", ["logs", "--tail", LINES, ...(follow ? ["--follow"] : []), container], {
      env,
    });
  }
  return 0;
});
