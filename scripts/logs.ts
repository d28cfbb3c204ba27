/**
 * `npm run logs [service]`: the last lines of the stack's services; those that are there first, whatever is missing. Of a
 * service with two containers, the one that serves comes first, and is the one that is followed.
 */
import { command } from "../lib/cli/command.ts";
import { runHere } from "../lib/process.ts";
import { SERVICES } from "../lib/serviceNames.ts";
import { runningParts } from "../lib/stacks/dockerObjects.ts";
import { environment, npmRun } from "../lib/stacks/stack.ts";
import { askRoutes, serves } from "../lib/stacks/status.ts";
import { UserError } from "../lib/userError.ts";

/** Lines of a container's log that are shown. */
const LINES = "100";

await command("logs", async ({ stack, file, words, options: { follow = false } }) => {
  const services: readonly string[] = SERVICES;
  const wanted = words.length > 0 ? words : services;
  for (const service of wanted)
    if (!services.includes(service))
      throw new UserError(`logs: "${service}" is not a service. Use ${services.join(", ")}.`);
  if (follow && wanted.length > 1)
    throw new UserError("logs: --follow is for one service. Name it: `npm run logs -- back --follow`.");
  Object.assign(process.env, await environment(stack, file));
  const found = await runningParts(stack, process.env);
  const missing: string[] = [];
  let failed = 0;
  for (const service of wanted) {
    const own = found.filter((one) => one.service === service);
    if (own.length === 0) missing.push(service);
    const routes = own.length > 1 ? await askRoutes(found) : undefined;
    own.sort((a, b) => Number(serves(b, routes)) - Number(serves(a, routes)));
    for (const one of follow ? own.slice(0, 1) : own) {
      const which = own.length > 1 ? `: ${one.name}${serves(one, routes) ? ", which serves" : ""}` : "";
      if (wanted.length > 1 || own.length > 1) process.stdout.write(`── ${service}${which} ──\n`);
      const logs = one.swarm === undefined ? ["logs"] : ["service", "logs"];
      const how = ["--tail", LINES, ...(follow ? ["--follow"] : [])];
      const code = await runHere("docker", [...logs, ...how, one.name]);
      // An interrupt is how following ends.
      if (!(follow && code === 130)) failed ||= code;
    }
  }
  if (missing.length > 0)
    throw new UserError(
      `logs: ${missing.join(", ")} of stack ${stack} is not there. ${npmRun("up", stack, "--refresh")} brings it up.`,
    );
  return failed;
});
