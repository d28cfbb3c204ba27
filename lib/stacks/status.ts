/** A stack's services as people see them: whether they run, how they are, what they write. */
import { setTimeout as sleep } from "node:timers/promises";
import { runHere } from "../process.ts";
import { SERVICES } from "../serviceNames.ts";
import { table } from "../table.ts";
import { UserError } from "../userError.ts";
import { type DockerObject, dockerObjects } from "./dockerObjects.ts";
import { npmRun } from "./stack.ts";

/**
 * Longest wait for docker's own first look at a service, in milliseconds: it comes one interval (default: 5 s) after the
 * start, long after `up` found the service healthy.
 */
const FIRST_LOOK_MS = 15_000;

/** Lines of a service's log that are shown. */
const LINES = "100";

/** Said of a service that has no container. */
const ABSENT = "is not there";

/** Prints a row for each service. @returns The exit code: 0 if all are healthy. */
export async function showStatus(stack: string, env: NodeJS.ProcessEnv): Promise<number> {
  const start = performance.now();
  const look = () => dockerObjects("container", stack, env);
  const isStarting = ({ status }: DockerObject) => status.includes("(health: starting)");
  let found = await look();
  while (found.some(isStarting) && performance.now() - start < FIRST_LOOK_MS) {
    await sleep(500);
    found = await look();
  }
  if (found.length === 0) {
    process.stdout.write(`Nothing of stack ${stack} runs here. ${npmRun("up", stack)} brings it up.\n`);
    return 1;
  }
  for (const service of SERVICES)
    if (!found.some((one) => one.service === service))
      found.push({ service, name: "", status: ABSENT, ports: "", image: "" });
  const place = ({ service }: DockerObject) => (SERVICES as readonly string[]).indexOf(service);
  found.sort((a, b) => place(a) - place(b));
  const rows = found.map(({ service, status, ports, image }) => [service, status, ports, image]);
  process.stdout.write(table(["service", "state", "published", "image"], rows));
  return found.every(({ status }) => status.includes("(healthy)")) ? 0 : 1;
}

/**
 * Prints the last lines of services; those that are there first, whatever is missing.
 *
 * @param given Names of services. Default: all.
 * @returns docker's exit code.
 */
export async function showLogs(
  stack: string,
  given: string[],
  follow: boolean,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const services: readonly string[] = SERVICES;
  const wanted = given.length > 0 ? given : services;
  for (const service of wanted)
    if (!services.includes(service))
      throw new UserError(`logs: "${service}" is not a service. Use ${services.join(", ")}.`);
  if (follow && wanted.length > 1)
    throw new UserError("logs: --follow is for one service. Name it: `npm run logs -- back --follow`.");
  const containers = await dockerObjects("container", stack, env);
  const missing: string[] = [];
  let failed = 0;
  for (const service of wanted) {
    const container = containers.find((one) => one.service === service)?.name;
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
}

/**
 * Why a stack is not up although its update went well: Pulumi does not look at what the state has already.
 *
 * @param containers The stack's.
 * @returns A message with the fix; undefined if each service runs.
 */
export function notUp(stack: string, containers: DockerObject[]): string | undefined {
  const wrong = SERVICES.flatMap((service) => {
    const container = containers.find((one) => one.service === service);
    if (container === undefined) return [{ service, name: "", state: ABSENT }];
    const { status, name } = container;
    const healthy = status.startsWith("Up ") && !/\((unhealthy|Paused)\)/.test(status);
    return healthy ? [] : [{ service, name, state: `is "${status}"` }];
  });
  if (wrong.length === 0) return undefined;
  const what = wrong.map(({ service, state }) => `${service} ${state}`).join(", ");
  return `up: stack ${stack} is not up: ${what} on the docker host. ${fixFor(stack, wrong)}`;
}

/** A refresh makes again what does not run. To docker, a container that is paused or keeps restarting runs. */
function fixFor(stack: string, wrong: { service: string; name: string; state: string }[]): string {
  const paused = wrong.filter(({ state }) => state.includes("(Paused)"));
  const sick = wrong.filter(({ state }) => /^is "Restarting|\(unhealthy\)/.test(state));
  // A sick service may only miss another one, as a back does without its database.
  if (paused.length + sick.length < wrong.length)
    return `${npmRun("up", stack, "--refresh")} makes it again.`;
  if (paused.length > 0)
    return `\`docker unpause ${paused.map(({ name }) => name).join(" ")}\` lets it go on.`;
  return `${npmRun("logs", stack, sick[0]?.service)} shows why.`;
}
