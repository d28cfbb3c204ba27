/**
 * The back end of a stack, stopped while its database is exchanged, and serving again after. In the middle of an update, or after
 * one that was killed, it has two containers.
 */
import { docker } from "../../docker/client.ts";
import { probeOf, Unhealthy, untilHealthy } from "../../docker/health.ts";
import { serviceContainers } from "../../docker/serviceContainers.ts";
import { untilTasksRun } from "../../docker/swarm/gate.ts";
import { type Scaled, scaledService, startTasks, stopTasks } from "../../docker/swarm/scale.ts";
import { serving } from "../../gateway/slots.ts";
import { OutcomeError, run } from "../../process.ts";

/** Longest wait for its health, in milliseconds: its start period's default and docker's three probes. */
const HEALTH_LIMIT = 120_000;

/** What runs of it. */
export interface Backs {
  /** Ids; the first one is who serves. */
  containers: string[];
  /** In a swarm, its service. */
  service?: Scaled | undefined;
}

export async function runningBacks(stack: string): Promise<Backs> {
  const containers = await serviceContainers(stack, "back");
  const running = containers.filter(({ state }) => state === "running");
  const first = await serving(stack, "back", running);
  return {
    containers: running.map(({ id }) => id).sort((a, b) => Number(b === first) - Number(a === first)),
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
 * @throws OutcomeError with `live` and the end of its log if that does not get healthy; also after an interrupt. UserError
 * in docker's words, which do not say what is live, if one cannot be started.
 */
export async function startBacks({ containers, service }: Backs, live: string): Promise<void> {
  if (service !== undefined) await startTasks(service);
  try {
    await (service === undefined ? containersHealthy(containers) : tasksHealthy(service));
  } catch (error) {
    if (!(error instanceof Unhealthy)) throw error;
    throw new OutcomeError(
      `restore: the back ${error.message}. ${live}\nThe last lines of its log:\n${error.log}`,
    );
  }
}

const tasksHealthy = ({ name, replicas }: Scaled): Promise<void> =>
  untilTasksRun({ name, replicas, limitMs: HEALTH_LIMIT }, async () => {});

async function containersHealthy(containers: string[]): Promise<void> {
  const [container] = containers;
  if (container === undefined) return;
  // One whose stop was interrupted may be stopping still: a start would find it running, and do nothing.
  await docker(["restart", ...containers]);
  const probe = await probeOf(container);
  if (probe.length > 0) await untilHealthy(container, "agatha-back", probe, HEALTH_LIMIT);
}
