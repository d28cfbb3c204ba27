/** Ends and starts the tasks of a service in a swarm. */
import { setTimeout as sleep } from "node:timers/promises";
import { run, stopIfInterrupted } from "../../process.ts";
import { UserError } from "../../userError.ts";
import { ofStack } from "../arguments.ts";
import { docker } from "../client.ts";
import { runningTasks } from "./gate.ts";

/** Longest time for tasks to end, in milliseconds: their grace period is 10 s. */
const END_MS = 60_000;
const PAUSE_MS = 300;

/** A service, and how many tasks it is to have. */
export interface Scaled {
  name: string;
  replicas: number;
}

/** A stack's service, if it is to have tasks; undefined too if the docker host is no manager of a swarm. */
export async function scaledService(stack: string, service: string): Promise<Scaled | undefined> {
  const args = ["service", "ls", ...ofStack(stack, service), "--format", "{{.Name}} {{.Replicas}}"];
  const { stdout } = await run("docker", args);
  const [, name = "", replicas] = /^(\S+) \d+\/(\d+)/.exec(stdout) ?? [];
  return Number(replicas) > 0 ? { name, replicas: Number(replicas) } : undefined;
}

export const startTasks = async ({ name, replicas }: Scaled): Promise<void> => {
  await docker(["service", "scale", "--detach", `${name}=${replicas}`]);
};

/** @throws UserError if some do not end. */
export async function stopTasks({ name }: Scaled): Promise<void> {
  await startTasks({ name, replicas: 0 });
  for (const start = performance.now(); (await runningTasks(name)) > 0; await sleep(PAUSE_MS)) {
    stopIfInterrupted();
    if (performance.now() - start > END_MS)
      throw new UserError(
        `${name}: its tasks do not end within ${END_MS / 1000} s. \`docker service ps ${name}\` shows them`,
      );
  }
}
