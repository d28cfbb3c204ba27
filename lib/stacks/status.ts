/** A stack's services as people see them: whether they run, how they are, which container serves. */
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isFormer } from "../docker/serviceContainers.ts";
import { allSlots, type Slot } from "../gateway/slots.ts";
import { isRolling, ROLLING, type RollingName, SERVICES } from "../serviceNames.ts";
import { table } from "../table.ts";
import { UserError } from "../userError.ts";
import { type DockerObject, runningParts } from "./dockerObjects.ts";
import { fileOf } from "./file.ts";
import { npmRun } from "./stack.ts";

/**
 * Longest wait for docker's own first look at a service, in milliseconds: it comes one interval (default: 5 s) after the
 * start, long after `up` found the service healthy.
 */
const FIRST_LOOK_MS = 15_000;

/** Longest time for a gateway that does not answer, in milliseconds: people wait for it. */
const GATEWAY_MS = 3000;

/** Said of a service that has no container. */
const ABSENT = "is not there";

/** The gateway's slots, or why it does not name them. Undefined if there is no gateway. */
export type Routes = Record<RollingName, Slot[]> | { silent: string } | undefined;

/** Never rejects for a gateway that does not answer. @param containers The stack's. */
export async function askRoutes(containers: DockerObject[]): Promise<Routes> {
  const gateway = containers.find(({ service }) => service === "gateway");
  if (gateway === undefined) return undefined;
  try {
    return await allSlots(gateway.id, GATEWAY_MS);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { silent: error.message };
  }
}

/** The slots of a service; none if the gateway does not say. */
const slotsOf = ({ service }: DockerObject, routes: Routes): Slot[] =>
  routes === undefined || "silent" in routes ? [] : (routes[service as RollingName] ?? []);

const slotOf = (one: DockerObject, routes: Routes): Slot | undefined =>
  slotsOf(one, routes).find(({ container, state }) => container === one.id && state !== "maint");

/** Whether new requests go to a container. */
export const serves = (container: DockerObject, routes: Routes): boolean =>
  slotOf(container, routes)?.state === "ready";

/** How many tasks of a service the gateway reaches. */
const reached = (service: DockerObject, routes: Routes): number =>
  slotsOf(service, routes).filter(({ up, state }) => up && state === "ready").length;

/** Prints a row for each container. @returns The exit code: 0 if all are healthy, and each service has one that serves. */
export async function showStatus(stack: string): Promise<number> {
  const start = performance.now();
  let found = await runningParts(stack, process.env);
  const isStarting = () => found.some(({ status }) => status.includes("(health: starting)"));
  while (isStarting() && performance.now() - start < FIRST_LOOK_MS) {
    await sleep(500);
    found = await runningParts(stack, process.env);
  }
  if (found.length === 0) {
    const next = existsSync(fileOf(stack))
      ? `${npmRun("up", stack)} brings it up.`
      : `It has no file here; \`npm run stack -- list\` lists the stacks.`;
    process.stdout.write(`Nothing of stack ${stack} runs here. ${next}\n`);
    return 1;
  }
  const { text, good } = statusOf(stack, found, await askRoutes(found));
  process.stdout.write(text);
  return good ? 0 : 1;
}

/** The table, what needs words below it, and whether all is well. */
export function statusOf(
  stack: string,
  found: DockerObject[],
  routes: Routes,
): { text: string; good: boolean } {
  const temporary = found.filter(({ service }) => !(SERVICES as readonly string[]).includes(service));
  const services = SERVICES.flatMap((service) => {
    const own = found.filter((one) => one.service === service);
    if (own.length === 0) return { ...{ id: "", service, name: "", ports: "", image: "" }, status: ABSENT };
    return own.sort((a, b) => Number(serves(b, routes)) - Number(serves(a, routes)));
  });
  const all = [...temporary, ...services];
  const rows = all.map((one) => [one.service, one.status, servingFor(one, routes), one.ports, one.image]);
  const silent =
    routes !== undefined && "silent" in routes
      ? [`gateway: it does not say who serves: ${routes.silent}\n`]
      : [];
  const notes = [...silent, ...ROLLING.flatMap((service) => remarks(stack, service, found, routes))];
  return {
    text: table(["service", "state", "serves", "published", "image"], rows) + notes.join(""),
    good: notes.length === 0 && all.every((one) => isWell(one, routes)),
  };
}

const isWell = (one: DockerObject, routes: Routes): boolean =>
  one.status.includes("(healthy)") &&
  (one.swarm === undefined ? slotOf(one, routes)?.up !== false : reached(one, routes) > 0);

function servingFor(one: DockerObject, routes: Routes): string {
  if (!isRolling(one.service) || one.status === ABSENT || routes === undefined) return "";
  if ("silent" in routes) return "not known";
  if (one.swarm !== undefined) return `by ${reached(one, routes)} tasks`;
  const slot = slotOf(one, routes);
  if (slot === undefined) return "no";
  if (slot.state === "drain") return `no more: has ${slot.sessions} requests to finish`;
  return slot.up ? `for ${roughly(slot.sinceSeconds)}` : `the gateway does not reach it: ${slot.status}`;
}

const UNITS = [
  ["days", 86_400],
  ["h", 3600],
  ["min", 60],
] as const;

/** A time in the largest unit of which it has at least two. */
function roughly(seconds: number): string {
  const [unit, size] = UNITS.find(([, size]) => seconds >= 2 * size) ?? ["s", 1];
  return `${Math.floor(seconds / size)} ${unit}`;
}

/** What is wrong with a service that the table does not say. */
function remarks(stack: string, service: string, found: DockerObject[], routes: Routes): string[] {
  const own = found.filter((one) => one.service === service);
  const goesOn = npmRun("up", stack);
  const former = own.find(({ name, swarm }) => swarm?.undone || isFormer(name));
  if (former !== undefined)
    return [
      `${service}: ${former.swarm ? "the version before" : former.name} keeps serving, since the update that was to replace it failed. Do what that update's error says, then ${goesOn}.\n`,
    ];
  if (routes === undefined || "silent" in routes || own.some(({ swarm }) => swarm)) return [];
  if (own.length > 0 && !own.some((one) => serves(one, routes))) {
    const gateway = found.find((one) => one.service === "gateway")?.name;
    return [
      `${service}: none of its containers serves. ${goesOn} goes on where an update was interrupted; if it finds nothing to do, \`docker rm --force ${gateway}\` first lets it make the gateway anew.\n`,
    ];
  }
  return own
    .filter((one) => slotOf(one, routes) === undefined)
    .map(
      ({ name }) =>
        `${service}: ${name} does not serve. Unless an update runs right now, ${goesOn} goes on.\n`,
    );
}

/**
 * Why a stack is not up although its update went well: Pulumi does not look at what the state has already.
 *
 * @param containers The stack's, newest first.
 * @returns A message with the fix; undefined if each service runs.
 */
export function notUp(stack: string, containers: DockerObject[]): string | undefined {
  const wrong = SERVICES.flatMap((service) => {
    // A former one is not in the state, which may have another one all the same.
    const container = containers.find((one) => one.service === service && !isFormer(one.name));
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
  const sick = wrong.filter(({ state }) => /^is "Restarting|\(unhealthy\)|of [1-9]\d* tasks run/.test(state));
  // A sick service may only miss another one, as a back does without its database.
  if (paused.length + sick.length < wrong.length)
    return `${npmRun("up", stack, "--refresh")} makes it again.`;
  if (paused.length > 0)
    return `\`docker unpause ${paused.map(({ name }) => name).join(" ")}\` lets it go on.`;
  return `${npmRun("logs", stack, sick[0]?.service)} shows why.`;
}
