/** The back end of a stack, stopped while its database is exchanged, and serving again after. */
import { docker, inspect } from "../../docker/client.ts";
import { Unhealthy, untilHealthy } from "../../docker/health.ts";
import { OutcomeError } from "../../process.ts";

/** Longest wait for its health, in milliseconds: its start period's default and docker's three probes. */
const HEALTH_LIMIT = 120_000;

export const stopBack = async (container: string): Promise<void> => {
  await docker(["stop", container]);
};

/**
 * Starts it and waits until it is healthy.
 *
 * @param live Which data is live, and what to do.
 * @throws OutcomeError with `live` and the end of its log if it does not get healthy; also after an interrupt. UserError
 * in docker's words, which do not say what is live, if it cannot be started.
 */
export async function startBack(container: string, live: string): Promise<void> {
  // One whose stop was interrupted may be stopping still: a start would find it running, and do nothing.
  await docker(["restart", container]);
  const check = await inspect<{ Test: string[] } | null>("container", container, ".Config.Healthcheck");
  // Before the probe is docker's own word for how it is run.
  const [, ...probe] = check?.Test ?? [];
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
