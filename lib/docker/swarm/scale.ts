/** Ends and starts the tasks of a service in a swarm. */
import { setTimeout as sleep } from "node:timers/promises";
import { stopIfInterrupted } from "../../process.ts";
import { UserError } from "../../userError.ts";
import { ofStack } from "../arguments.ts";
import { docker, dockerLines } from "../client.ts";
import { PAUSE_MS, runningTasks, serviceOf } from "./gate.ts";
import { isUndone, swarmLines } from "./services.ts";

/** Longest time for tasks to end, in milliseconds: their grace period is 10 s. */
const END_MS = 60_000;

/** A service, and how many tasks it is to have. */
export interface Scaled {
  name: string;
  replicas: number;
  /** Whether docker undid its last update. */
  undone: boolean;
}

/** A stack's service, if it is to have tasks; undefined too if the docker host is no manager of a swarm. */
export async function scaledService(stack: string, service: string): Promise<Scaled | undefined> {
  const args = ["service", "ls", ...ofStack(stack, service), "--format", "{{.Name}} {{.Replicas}}"];
  const [line = ""] = await swarmLines(args);
  const [, name = "", replicas] = /^(\S+) \d+\/(\d+)/.exec(line) ?? [];
  if (!(Number(replicas) > 0)) return undefined;
  const { UpdateStatus } = await serviceOf(name);
  return { name, replicas: Number(replicas), undone: isUndone(UpdateStatus?.State ?? "") };
}

const scale = (name: string, replicas: number): Promise<string> =>
  docker(["service", "scale", "--detach", `${name}=${replicas}`]);

/** Can be repeated. */
export async function startTasks({ name, replicas, undone }: Scaled): Promise<void> {
  if (!undone) return void (await scale(name, replicas));
  // By another number docker forgets that it undid an update, and the next one would find nothing to send.
  if ((await serviceOf(name)).Spec.Mode?.Replicated?.Replicas === 0)
    await docker(["service", "update", "--rollback", "--detach", name]);
}

/** @throws UserError if some do not end, or may run on a node that is down. */
export async function stopTasks({ name }: Scaled): Promise<void> {
  await refuseLost(name);
  await scale(name, 0);
  for (const start = performance.now(); (await runningTasks(name)).length > 0; await sleep(PAUSE_MS)) {
    stopIfInterrupted();
    if (performance.now() - start > END_MS)
      throw new UserError(
        `${name}: its tasks do not end within ${END_MS / 1000} s. \`docker service ps ${name}\` shows them`,
      );
  }
}

/** Docker goes on to call a task running whose node is down, and to wait for it. */
async function refuseLost(name: string): Promise<void> {
  const used = (await runningTasks(name)).map(({ NodeID }) => NodeID);
  for (const node of await dockerLines(["node", "ls", "--format", "{{.ID}} {{.Status}} {{.Hostname}}"])) {
    const [id, status, host] = node.split(" ");
    if (status === "Down" && used.includes(id))
      throw new UserError(
        `${name}: node ${host} is down, and docker cannot tell whether a task there still runs. Start the node again; if it is gone for good: \`docker node rm --force ${id}\``,
      );
  }
}
