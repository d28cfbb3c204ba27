/**
 * The back end of a stack, stopped while its database is exchanged or moved, and serving again after. In the middle of an update,
 * or after one that was killed, it has two containers.
 */
import { docker } from "../docker/client.ts";
import { probeOf, Unhealthy, untilHealthy } from "../docker/health.ts";
import { serviceContainers } from "../docker/serviceContainers.ts";
import { untilTasksRun } from "../docker/swarm/gate.ts";
import { type Scaled, scaledService, startTasks, stopTasks } from "../docker/swarm/scale.ts";
import { serving } from "../gateway/slots.ts";
import { OutcomeError, run } from "../process.ts";

/** Longest wait for its health, in milliseconds: its start period's default and docker's three probes. */
const HEALTH_LIMIT = 120_000;

export interface Backs {
  /** Ids; the first one is who serves. */
  containers: string[];
  /** In a swarm, its service. */
  service?: Scaled | undefined;
}

/** @param all Whether those count that do not run: an attempt that was killed left them stopped. */
export async function backsOf(stack: string, all = false): Promise<Backs> {
  const containers = await serviceContainers(stack, "back");
  const found = all ? containers : containers.filter(({ state }) => state === "running");
  const first = await serving(stack, "back", found);
  return {
    containers: found.map(({ id }) => id).sort((a, b) => Number(b === first) - Number(a === first)),
    service: containers.length > 0 ? undefined : await scaledService(stack, "back"),
  };
}

export const isNone = ({ containers, service }: Backs): boolean =>
  containers.length === 0 && service === undefined;

export async function stopBacks({ containers, service }: Backs): Promise<void> {
  if (containers.length > 0) await docker(["stop", ...containers]);
  if (service !== undefined) await stopTasks(service);
}

/** Starts what does not run, whatever comes of it. */
export async function startAnyway({ containers, service }: Backs): Promise<void> {
  if (containers.length > 0) await run("docker", ["start", ...containers]);
  if (service !== undefined) await startTasks(service).catch(() => {});
}

/**
 * Starts them and waits until the first one is healthy.
 *
 * @param live Which data is live, and what to do.
 * @throws OutcomeError with it if that does not get healthy, or after an interrupt; UserError if one cannot be started.
 */
export async function startBacks(backs: Backs, live: string): Promise<void> {
  const { containers, service } = backs;
  if (service !== undefined) await startTasks(service);
  // One whose stop was interrupted may be stopping still: a start would find it running, and do nothing.
  else if (containers.length > 0) await docker(["restart", ...containers]);
  await untilServing(backs, HEALTH_LIMIT).catch((error: unknown) => {
    if (!(error instanceof Unhealthy)) throw error;
    throw new OutcomeError(
      `restore: the back ${error.message}. ${live}\nThe last lines of its log:\n${error.log}`,
    );
  });
}

/** Waits until the first one is healthy. @throws Unhealthy; UserError after an interrupt. */
export async function untilServing({ containers, service }: Backs, limitMs: number): Promise<void> {
  if (service !== undefined) return untilTasksRun({ ...service, limitMs }, async () => {});
  const [container] = containers;
  const probe = container === undefined ? [] : await probeOf(container);
  if (container !== undefined && probe.length > 0)
    await untilHealthy(container, "agatha-back", probe, limitMs);
}
