/** A new container takes over from the one that serves, or goes without a trace. */
import { docker, inspect, remove, removeLabelled } from "../docker/client.ts";
import { type Gate, type Healthy, nameOf, passGate } from "../docker/gate.ts";
import { probeOf, Unhealthy, untilHealthy } from "../docker/health.ts";
import {
  endContainer,
  markFormer,
  type ServiceContainer,
  serviceContainers,
} from "../docker/serviceContainers.ts";
import { run } from "../process.ts";
import type { RollingName } from "../serviceNames.ts";
import { secondsSince } from "../units.ts";
import { messageOf, UserError } from "../userError.ts";
import { drained, hold, route } from "./routes.ts";
import { serving, slots } from "./slots.ts";

interface TakeOver {
  stack: string;
  service: RollingName;
  gate: Gate;
  /** Longest time that the old one gets to finish its requests, in milliseconds. */
  drainMs: number;
  /** What was changed for the new one, outside its container; undefined if nothing was. */
  prepared: { keep: () => Promise<void>; undo: () => Promise<void> } | undefined;
}

/**
 * Waits until the new container is healthy, sends it all new requests, and ends the others once they have finished theirs.
 * Everything it does can be done again, so the next update makes up for one that was interrupted.
 *
 * @param healthy Called as soon as the container serves.
 * @throws UserError if it does not get healthy: if another one is there, that keeps serving, and nothing is left of the new one.
 */
export async function takeOver(wanted: TakeOver, healthy: (seen: Healthy) => Promise<void>): Promise<void> {
  const { stack, service, gate, drainMs, prepared } = wanted;
  const [name, containers, gateway] = await Promise.all([
    nameOf(gate),
    serviceContainers(stack, service),
    runningGateway(stack),
  ]);
  const others = containers.filter(({ id }) => id !== gate.container);
  // Asked while the new one starts.
  const seen = gateway === undefined ? undefined : slots(gateway, service);
  seen?.catch(() => {});
  const connected = await passGate(gate).catch(async (error: unknown) => {
    if (!(error instanceof Unhealthy)) throw error;
    const outcome = await giveUp(wanted, others, name).catch(
      (failed: unknown) =>
        `Going back to the old one failed too: ${messageOf(failed).replace(/\.$/, "")}. ${FIX} the new one`,
    );
    throw new UserError(`${gate.service} ${error.message}. ${outcome}:\n${error.log}`);
  });
  // The gateway comes after the services when it is made: it finds the way to them itself.
  if (gateway !== undefined) await route(gateway, service, gate.container, seen);
  const stopped = Math.max(...(await Promise.all(others.filter(isStopped).map(stopOf))));
  await healthy({ connected, stopped: Number.isFinite(stopped) ? stopped : undefined });
  await prepared?.keep();
  // Until there is a gateway, the others have the ports; Pulumi removes them at its end.
  if (gateway === undefined) return;
  if (others.some(({ state }) => state === "running")) {
    const start = performance.now();
    const cut = await drained(gateway, service, drainMs);
    const rest = cut === 0 ? "" : `; ${cut} ${cut === 1 ? "was" : "were"} cut off`;
    const took = secondsSince(start);
    process.stdout.write(`${gate.service}: the old one finished its requests in ${took}${rest}\n`);
  }
  for (const other of others) await endContainer(other);
}

/** Stops what runs of a service that cannot run twice; the gateway holds its requests until the next one serves. */
export async function stopForNext(stack: string, service: RollingName): Promise<void> {
  const running = (await serviceContainers(stack, service)).filter(({ state }) => state === "running");
  if (running.length === 0) return;
  const gateway = await runningGateway(stack);
  if (gateway !== undefined) await hold(gateway, service);
  await docker(["stop", ...running.map(({ id }) => id)]);
}

/**
 * The gateway's container, if there is one that is in a network. One that was cut off, or whose network was removed, is connected
 * or made anew after the services, and then finds the way to them itself. One that was stopped is started, since the services
 * cannot take over without it; if that fails, it goes: started later, it would send requests to containers of before.
 */
async function runningGateway(stack: string): Promise<string | undefined> {
  const [gateway] = await serviceContainers(stack, "gateway");
  if (gateway === undefined) return undefined;
  const { id, state } = gateway;
  const networks = await inspect<Record<string, unknown>>("container", id, ".NetworkSettings.Networks");
  if (Object.keys(networks ?? {}).length === 0) return undefined;
  if (state !== "exited" && state !== "created") return id;
  if ((await run("docker", ["start", id])).code === 0) return id;
  await remove("container", id);
  return undefined;
}

/** Not one that crashed before: docker starts that again. */
const isStopped = ({ state }: ServiceContainer): boolean => state === "exited";

const stopOf = async ({ id }: ServiceContainer): Promise<number> =>
  Date.parse((await inspect<string>("container", id, ".State.FinishedAt")) ?? "");

const isHealthy = async ({ id }: ServiceContainer): Promise<boolean> =>
  (await inspect<string>("container", id, ".State.Health.Status")) === "healthy";

const FIX = "Fix what the log shows, then run up again. The last lines of";

/** Lets the others go on, and removes the new one, unless none could. @returns What became of them, and where the log is from. */
async function giveUp(wanted: TakeOver, others: ServiceContainer[], name: string): Promise<string> {
  const { stack, service, gate, prepared } = wanted;
  const gateway = await runningGateway(stack);
  const keeps = await serving(stack, service, others);
  const other = others.find(({ id }) => id === keeps);
  // Without a gateway, the other one may be a first version that was bad too.
  if (other === undefined || (gateway === undefined && !isStopped(other) && !(await isHealthy(other))))
    return `${FIX} \`docker logs ${name}\``;
  // The rest are from updates that were killed; without a gateway, from such as failed later, and one of them may have the port.
  for (const each of others)
    await (each === other || gateway === undefined ? markFormer(each) : endContainer(each));
  try {
    await prepared?.undo();
  } finally {
    await remove("container", gate.container);
    await removeLabelled(stack, `${service}-files`);
    if (isStopped(other)) await startAgain(wanted, gateway, other.id);
  }
  const kept = isStopped(other) ? "is started again" : "keeps serving";
  return `The old one ${kept}. ${FIX} the new one, which is removed`;
}

async function startAgain({ service, gate }: TakeOver, gateway: string | undefined, id: string) {
  await docker(["start", id]);
  if (gateway === undefined) return;
  // One that is not healthy by then may be so later, and is routed too.
  await untilHealthy(id, gate.service, await probeOf(id), gate.startPeriodMs).catch(() => {});
  await route(gateway, service, id);
}
