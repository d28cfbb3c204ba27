/** Waits until a container's service is healthy, or is known not to get so. */

import { setTimeout as sleep } from "node:timers/promises";
import { run, stopIfInterrupted, tail } from "../process.ts";
import { UserError } from "../userError.ts";
import { inspect } from "./client.ts";

/** Lines of the log that a failure shows. */
const LOG_LINES = 50;

/** Time between two looks, in milliseconds: docker's own probes come seconds apart. */
const PAUSE_MS = 100;

/** How `agatha-probe` ends where only another start can help: what listens on loopback is never reached. */
const IN_VAIN = 3;

/** Looks for the exit code of a container that restarts again and again: for some 10 s. */
const CODE_LOOKS = 100;
const CODE_PAUSE_MS = 100;

interface Container {
  RestartCount: number;
  State: { Status: string; ExitCode: number; OOMKilled: boolean; Health?: { Status: string } };
}

const look = (container: string) => inspect<Container>("container", container, ".");

/** What a service that does not get healthy does instead, `is unhealthy; …`, and the end of its log. */
export class Unhealthy extends Error {
  readonly log: string;
  constructor(message: string, log: string) {
    super(message);
    this.log = log;
  }
}

/**
 * Runs the probe until it passes. Fails at once, never only at the limit, when the container ends, restarts or turns
 * unhealthy.
 *
 * @param limit Longest time, in milliseconds.
 * @throws Unhealthy; UserError where the container is gone.
 */
export async function untilHealthy(container: string, probe: string[], limit: number): Promise<void> {
  const start = performance.now();
  // It may have started again before, and be well by now.
  const restarts = (await look(container))?.RestartCount ?? 0;
  let answer = "";
  for (;;) {
    stopIfInterrupted();
    const down = await whyDown(container, restarts, answer);
    if (down !== undefined) throw new Unhealthy(down, await logTail(container));
    const { code, stdout, stderr } = await run("docker", ["exec", container, ...probe]);
    if (code === 0) return;
    answer = `${stdout}\n${stderr}`.trim() || "nothing";
    if (code === IN_VAIN)
      throw new Unhealthy(answer.replace(/^.* (?=listens on)/, ""), await logTail(container));
    if (performance.now() - start > limit) {
      const what = `is not healthy after ${Math.round(limit / 1000)} s${because(answer)}`;
      throw new Unhealthy(what, await logTail(container));
    }
    await sleep(PAUSE_MS);
  }
}

/** Undefined while the service may still get healthy. */
async function whyDown(container: string, restarts: number, answer: string): Promise<string | undefined> {
  const seen = await look(container);
  if (seen === undefined) throw new UserError(`${container}: is gone. Run \`pulumi up --refresh\`.`);
  const { Status, ExitCode, OOMKilled, Health } = seen.State;
  if (OOMKilled) return "was killed: it needs more memory than its limit";
  if (seen.RestartCount > restarts || Status === "restarting")
    return `ends right after its start, with exit code ${await lastCode(container)}`;
  if (Status === "exited") return `ends right after its start, with exit code ${ExitCode}`;
  if (Status !== "running") return `is ${Status}`;
  const absent = /FATAL: +((?:role|database) "[^"\n]*" does not exist)/.exec(answer)?.[1];
  if (absent !== undefined)
    return `does not have what the configuration names: ${absent}. Set agatha:database.user and agatha:database.name to what the data has`;
  if (Health?.Status === "unhealthy") return `is unhealthy${because(answer || "nothing yet")}`;
  return undefined;
}

/** What a probe said; in the configuration's words where a service answers, but not as it is asked to. */
export function because(answer: string): string {
  const [, path, status, wanted] =
    /:\d+(\/.*) answered "HTTP\/\S+ (\d{3}).*", not one of (\S+)$/.exec(answer) ?? [];
  if (status === undefined) return `; its probe says: ${answer}`;
  const key = `agatha:${process.env["SERVICE"]?.replace(/^agatha-/, "")}.health`;
  return `: it answers ${status} at ${path}, not ${wanted}; set ${key}.path to a path that answers ${wanted} once it is ready, or ${key}.statuses to what it answers then`;
}

/** While a container runs again, docker gives 0: its last exit code is there between two runs. */
async function lastCode(container: string): Promise<number | "unknown"> {
  for (let looks = 0; looks < CODE_LOOKS; looks++) {
    const seen = await look(container);
    if (seen !== undefined && seen.State.Status !== "running") return seen.State.ExitCode;
    await sleep(CODE_PAUSE_MS);
  }
  return "unknown";
}

async function logTail(container: string): Promise<string> {
  const { stdout, stderr } = await run("docker", ["logs", "--tail", String(LOG_LINES), container]);
  return tail(`${stdout}${stderr}`, LOG_LINES);
}
