/** The back end of a stack, stopped while its database is exchanged, and serving again after. */

import { setTimeout as sleep } from "node:timers/promises";
import { docker, inspect } from "../../docker/client.ts";
import { run, tail } from "../../process.ts";
import { UserError } from "../../userError.ts";

/** Longest wait for its health, in milliseconds: its start period's default and docker's three probes. */
const HEALTH_LIMIT = 120_000;

/** Between two looks, in milliseconds. */
const PAUSE = 200;

/** Lines of its log that a failure shows. */
const LOG_LINES = 20;

interface State {
  Status: string;
  Health?: { Status: string };
}

/** What the container's health check runs, without docker's own word before it; nothing where it has none. */
const CHECK = "{{if .Config.Healthcheck}}{{json (slice .Config.Healthcheck.Test 1)}}{{else}}[]{{end}}";

export const stopBack = async (container: string): Promise<void> => {
  await docker(["stop", container]);
};

/** Starts it and waits until it is healthy. @throws UserError with its last words where it does not get so. */
export async function startBack(container: string, fix: string): Promise<void> {
  // One whose stop was interrupted may be stopping still: a start would find it running, and do nothing.
  await docker(["restart", container]);
  const start = performance.now();
  const [program, ...args] = JSON.parse(
    await docker(["container", "inspect", "--format", CHECK, container]),
  ) as string[];
  for (;;) {
    const state = await inspect<State>("container", container, ".State");
    const health = state?.Health?.Status ?? "healthy";
    if (state?.Status === "running") {
      if (health === "healthy") return;
      // Docker's own look comes seconds later.
      if (program !== undefined && (await run("docker", ["exec", container, program, ...args])).code === 0)
        return;
    }
    const late = performance.now() - start > HEALTH_LIMIT;
    if (late || health === "unhealthy" || state?.Status !== "running") {
      const { stdout, stderr } = await run("docker", ["logs", "--tail", String(LOG_LINES), container]);
      throw new UserError(
        `restore: the back is ${state?.Status ?? "gone"} and ${health}. ${fix}\nThe last lines of its log:\n${tail(`${stdout}${stderr}`, LOG_LINES)}`,
      );
    }
    await sleep(PAUSE);
  }
}
