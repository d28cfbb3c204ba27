/** What a stack's services write. */
import { runHere } from "../process.ts";
import { SERVICES } from "../serviceNames.ts";
import { UserError } from "../userError.ts";
import { runningParts } from "./dockerObjects.ts";
import { npmRun } from "./stack.ts";
import { askRoutes, serves } from "./status.ts";

/** Lines of a container's log that are shown. */
const LINES = "100";

/**
 * Prints the last lines of services; those that are there first, whatever is missing. Of a service with two containers, the one
 * that serves comes first, and is the one that is followed.
 *
 * @param given Names of services. Default: all.
 * @returns docker's exit code.
 */
export async function showLogs(stack: string, given: string[], follow: boolean): Promise<number> {
  const services: readonly string[] = SERVICES;
  const wanted = given.length > 0 ? given : services;
  for (const service of wanted)
    if (!services.includes(service))
      throw new UserError(`logs: "${service}" is not a service. Use ${services.join(", ")}.`);
  if (follow && wanted.length > 1)
    throw new UserError("logs: --follow is for one service. Name it: `npm run logs -- back --follow`.");
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
      const command = one.swarm === undefined ? ["logs"] : ["service", "logs"];
      const how = ["--tail", LINES, ...(follow ? ["--follow"] : [])];
      const code = await runHere("docker", [...command, ...how, one.name]);
      // An interrupt is how following ends.
      if (!(follow && code === 130)) failed ||= code;
    }
  }
  if (missing.length > 0)
    throw new UserError(
      `logs: ${missing.join(", ")} of stack ${stack} is not there. ${npmRun("up", stack, "--refresh")} brings it up.`,
    );
  return failed;
}
