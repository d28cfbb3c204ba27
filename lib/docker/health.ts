/** Waits until the service in a container is healthy, or cannot become so. */
import { setTimeout as sleep } from "node:timers/promises";
import { run, stopIfInterrupted } from "../process.ts";
import { UserError } from "../userError.ts";
import { inspect, lastLines } from "./client.ts";

/** Lines of the log that a failure shows. */
export const LOG_LINES = 50;

/** Time between two probes or looks, in milliseconds: docker's own probes come seconds apart. */
const PAUSE_MS = 100;

/** Exit code of `agatha-probe` if only a restart can help: a service that listens on loopback is never reached. */
const IN_VAIN = 3;

/** Looks for the exit code of a container that restarts again and again: 10 s in all. */
const CODE_LOOKS = 100;

const look = (container: string) =>
  inspect<{
    RestartCount: number;
    State: { Status: string; ExitCode: number; OOMKilled: boolean; Health?: { Status: string } };
  }>("container", container, ".");

/** Why a service does not get healthy, as a predicate (`is unhealthy; …`), and the end of its log. */
export class Unhealthy extends Error {
  readonly log: string;
  constructor(message: string, log: string) {
    super(message);
    this.log = log;
  }
}

/**
 * Runs the probe until it passes. Fails at once, without waiting for the limit, if the container ends, restarts or becomes
 * unhealthy.
 *
 * @param service Its name in messages: `agatha-back`.
 * @param limit Longest time, in milliseconds.
 * @throws Unhealthy; UserError if the container is gone.
 */
export async function untilHealthy(container: string, service: string, probe: string[], limit: number) {
  const start = performance.now();
  // Earlier restarts do not count.
  const restarts = (await look(container))?.RestartCount ?? 0;
  const unhealthy = async (why: string) => new Unhealthy(why, await lastLines(container, LOG_LINES));
  let answer = "";
  for (;;) {
    stopIfInterrupted();
    const down = await whyDown(container, service, restarts, answer);
    if (down !== undefined) throw await unhealthy(down);
    const { code, stdout, stderr } = await run("docker", ["exec", container, ...probe]);
    if (code === 0) return;
    answer = `${stdout}\n${stderr}`.trim() || "nothing";
    if (code === IN_VAIN) throw await unhealthy(answer.replace(/^.* (?=listens on)/, ""));
    if (performance.now() - start > limit)
      throw await unhealthy(`is not healthy after ${Math.round(limit / 1000)} s${because(answer, service)}`);
    await sleep(PAUSE_MS);
  }
}

/** What no wait helps against when a database's client connects to its server. */
const REFUSED =
  /(?:FATAL|ERROR|error|failed): +((?:password authentication failed|no pg_hba\.conf entry|permission denied for database|unsupported startup parameter|agatha:|SSL error|server does not support SSL|server certificate for)[^\n]*)/;

/** Why the service cannot become healthy any more; undefined while it can. */
async function whyDown(container: string, service: string, restarts: number, answer: string) {
  const seen = await look(container);
  if (seen === undefined) throw new UserError(`${container}: is gone. Run \`pulumi up --refresh\`.`);
  const { Status, ExitCode, OOMKilled, Health } = seen.State;
  if (OOMKilled) return "was killed: it needs more memory than its limit";
  if (seen.RestartCount > restarts || Status === "restarting") return endsWith(await lastCode(container));
  if (Status === "exited") return endsWith(ExitCode);
  if (Status !== "running") return `is ${Status}`;
  const absent = /FATAL: +((?:role|database) "[^"\n]*" does not exist)/.exec(answer)?.[1];
  if (absent !== undefined)
    return `does not have what the configuration names: ${absent}. Set agatha:database.user and agatha:database.name to what the data has`;
  const refused = REFUSED.exec(answer)?.[1];
  if (refused !== undefined)
    return `is refused by its server (agatha:database.external, agatha:databasePassword): ${refused.replace(/\.$/, "")}`;
  if (Health?.Status === "unhealthy") return `is unhealthy${because(answer || "nothing yet", service)}`;
  return undefined;
}

/** Docker forgets with the next start that memory was the reason; nothing else kills a container that starts. */
const endsWith = (code: number | "unknown"): string =>
  code === 137
    ? "was killed, with exit code 137, as happens where it needs more memory than its limit"
    : `ends right after its start, with exit code ${code}`;

/** The plain probe of a service's container, without what counts failures to end the service; empty if it has none. */
export async function probeOf(container: string): Promise<string[]> {
  const check = await inspect<{ Test: string[] } | null>("container", container, ".Config.Healthcheck");
  // Before the probe is docker's own word for how it is run, and `agatha-liveness` with two numbers.
  const [, ...probe] = check?.Test ?? [];
  return probe[0] === "/bin/agatha-liveness" ? probe.slice(3) : probe;
}

/** What a probe printed; names the configuration's keys if the service answers with another status. */
export function because(answer: string, service: string): string {
  const [, path, status, wanted] =
    /:\d+(\/.*) answered "HTTP\/\S+ (\d{3}).*", not one of (\S+)$/.exec(answer) ?? [];
  if (status === undefined) return `; its probe says: ${answer}`;
  const key = `agatha:${service.replace(/^agatha-/, "")}.health`;
  return `: it answers ${status} at ${path}, not ${wanted}; set ${key}.path to a path that answers ${wanted} once it is ready, or ${key}.statuses to what it answers then`;
}

/** Docker reports 0 while a container runs again: its last exit code can be seen between two runs. */
async function lastCode(container: string): Promise<number | "unknown"> {
  for (let looks = 0; looks < CODE_LOOKS; looks++) {
    const seen = await look(container);
    if (seen !== undefined && seen.State.Status !== "running") return seen.State.ExitCode;
    await sleep(PAUSE_MS);
  }
  return "unknown";
}
