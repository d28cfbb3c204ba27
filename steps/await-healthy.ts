/**
 * Waits until a container's service is healthy. Fails at once, with the last lines of its log, when it ends, restarts
 * or turns unhealthy: never only at the timeout.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { docker, inspect } from "./docker.ts";
import { input, run, StepError, step, tail } from "./process.ts";

/** Lines of the log that a failure shows. */
const LOG_LINES = 50;

/** Time between two looks, in milliseconds: docker's own probes come seconds apart. */
const PAUSE_MS = 200;

/** Time beyond the start period in which docker's three probes would have decided, in milliseconds. */
const GRACE_MS = 30_000;

/** Looks for the exit code of a container that restarts again and again: for some 10 s. */
const CODE_LOOKS = 100;

interface State {
  Status: string;
  ExitCode: number;
  OOMKilled: boolean;
  Health?: { Status: string };
}

await step(async () => {
  const [container, service] = [input("CONTAINER"), input("SERVICE")];
  const probe = JSON.parse(input("PROBE")) as string[];
  const start = performance.now();
  const limit = Number(input("START_PERIOD_MS")) + GRACE_MS;
  const elapsed = () => performance.now() - start;
  let answer = "";
  for (;;) {
    await failWhenDown(container, service, answer);
    const { code, stdout, stderr } = await run("docker", ["exec", container, ...probe]);
    if (code === 0) break;
    answer = `${stdout}\n${stderr}`.trim() || "nothing";
    if (elapsed() > limit)
      throw await failure(
        container,
        service,
        `is not healthy after ${Math.round(limit / 1000)} s; its probe says: ${answer}`,
      );
    await sleep(PAUSE_MS);
  }
  process.stdout.write(`${service} is healthy after ${(elapsed() / 1000).toFixed(1)} s\n`);
});

async function failWhenDown(container: string, service: string, answer: string): Promise<void> {
  const state = await inspect<State>("container", container, ".State");
  if (state === undefined)
    throw new StepError(`${service}: its container is gone. Run \`pulumi up --refresh\`.`);
  const restarts = (await inspect<number>("container", container, ".RestartCount")) ?? 0;
  if (state.OOMKilled)
    throw await failure(container, service, "was killed: it needs more memory than its limit");
  if (restarts > 0 || state.Status === "restarting")
    throw await failure(
      container,
      service,
      `ends right after its start, with exit code ${await lastCode(container)}`,
    );
  if (state.Status !== "running")
    throw await failure(container, service, `is ${state.Status}, with exit code ${state.ExitCode}`);
  if (state.Health?.Status === "unhealthy")
    throw await failure(container, service, `is unhealthy; its probe says: ${answer || "nothing yet"}`);
}

/** While a container runs again, docker gives 0: its last exit code is there between two runs. */
async function lastCode(container: string): Promise<number | "unknown"> {
  for (let looks = 0; looks < CODE_LOOKS; looks++) {
    const state = await inspect<State>("container", container, ".State");
    if (state !== undefined && state.Status !== "running") return state.ExitCode;
    await sleep(PAUSE_MS / 4);
  }
  return "unknown";
}

async function failure(container: string, service: string, what: string): Promise<StepError> {
  const { stdout, stderr } = await run("docker", ["logs", "--tail", String(LOG_LINES), container]);
  const log = tail(`${stdout}${stderr}`, LOG_LINES);
  const name = (await docker(["container", "inspect", "--format", "{{.Name}}", container])).slice(1);
  return new StepError(
    `${service} ${what}. Mend what its log tells, then run up again. The last lines of \`docker logs ${name}\`:\n${log}`,
  );
}
