/**
 * The back end of a stack, stopped while its database is exchanged, and serving again after. In the middle of an update, or after
 * one that was killed, it has two containers.
 */
import { docker } from "../../docker/client.ts";
import { probeOf, Unhealthy, untilHealthy } from "../../docker/health.ts";
import { serviceContainers } from "../../docker/serviceContainers.ts";
import { serving } from "../../gateway/serving.ts";
import { OutcomeError } from "../../process.ts";

/** Longest wait for its health, in milliseconds: its start period's default and docker's three probes. */
const HEALTH_LIMIT = 120_000;

/** Ids of the containers that run; the first one is who serves. */
export async function runningBacks(stack: string): Promise<string[]> {
  const running = (await serviceContainers(stack, "back")).filter(({ state }) => state === "running");
  const first = await serving(stack, "back", running);
  return running.map(({ id }) => id).sort((a, b) => Number(b === first) - Number(a === first));
}

export const stopBacks = async (backs: string[]): Promise<void> => {
  if (backs.length > 0) await docker(["stop", ...backs]);
};

/**
 * Starts them and waits until the first one is healthy.
 *
 * @param live Which data is live, and what to do.
 * @throws OutcomeError with `live` and the end of its log if that does not get healthy; also after an interrupt. UserError
 * in docker's words, which do not say what is live, if one cannot be started.
 */
export async function startBacks(backs: string[], live: string): Promise<void> {
  const [container] = backs;
  if (container === undefined) return;
  // One whose stop was interrupted may be stopping still: a start would find it running, and do nothing.
  await docker(["restart", ...backs]);
  const probe = await probeOf(container);
  if (probe.length === 0) return;
  try {
    await untilHealthy(container, "agatha-back", probe, HEALTH_LIMIT);
  } catch (error) {
    if (!(error instanceof Unhealthy)) throw error;
    throw new OutcomeError(
      `restore: the back ${error.message}. ${live}\nThe last lines of its log:\n${error.log}`,
    );
  }
}
