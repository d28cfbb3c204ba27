/** What a stack's services write. */
import { runHere } from "../process.ts";
import { SERVICES } from "../serviceNames.ts";
import { UserError } from "../userError.ts";
import type { DockerObject } from "./dockerObjects.ts";
import { askRoutes, serves } from "./routes.ts";
import { npmRun } from "./stack.ts";
import { runningParts } from "./swarmObjects.ts";

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
    const shown = await inOrder(service, found);
    if (shown.length === 0) missing.push(service);
    for (const { heading, name, command } of follow ? shown.slice(0, 1) : shown) {
      if (wanted.length > 1 || shown.length > 1) process.stdout.write(`── ${heading} ──\n`);
      const args = [...command, "--tail", LINES, ...(follow ? ["--follow"] : []), name];
      const code = await runHere("docker", args);
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

/** What is shown of a service: a container, or all tasks in a swarm. */
interface Shown {
  heading: string;
  name: string;
  /** Of docker. */
  command: string[];
}

/** A service's containers, the one that serves first, each with what is said of it. */
async function inOrder(service: string, found: DockerObject[]): Promise<Shown[]> {
  const own = found.filter((one) => one.service === service);
  if (own.length < 2)
    return own.map(({ name, swarm }) => ({
      ...{ heading: service, name },
      command: swarm === undefined ? ["logs"] : ["service", "logs"],
    }));
  const routes = await askRoutes(found);
  const described = own.map((one) => ({ one, isServing: serves(one, routes) }));
  described.sort((a, b) => Number(b.isServing) - Number(a.isServing));
  return described.map(({ one: { name }, isServing }) => ({
    heading: `${service}: ${name}${isServing ? ", which serves" : ""}`,
    name,
    command: ["logs"],
  }));
}
