/** Waits until the tasks of a service in a swarm run its newest version, or cannot. */
import { setTimeout as sleep } from "node:timers/promises";
import { run, stopIfInterrupted, tail } from "../../process.ts";
import { secondsSince } from "../../units.ts";
import { UserError } from "../../userError.ts";
import { docker, dockerLines, inspect, jsonLines } from "../client.ts";
import { LOG_LINES, Unhealthy } from "../health.ts";
import { type Inspected, isUndone, type TaskSpec, versionIn } from "./services.ts";

/** Time between two looks, in milliseconds. */
export const PAUSE_MS = 300;

/** What is read of a task. */
export interface Task {
  ID: string;
  CreatedAt: string;
  /** Missing as long as it has none. */
  NodeID?: string;
  DesiredState: string;
  /** Made of the service's when the task is made. */
  Spec: TaskSpec;
  Status: { State: string; Timestamp: string; Err?: string; Message?: string };
}

interface TaskGate {
  /** The service's name in the swarm. */
  name: string;
  /** Tasks that are to run. */
  replicas: number;
  /** Longest time until they do, in milliseconds. */
  limitMs: number;
  /** Longest time that one finds no node, in milliseconds. Default: 20 s, a guess: a node that starts again or joins needs some. */
  placeMs?: number;
  /** What was sent, as `versionOf` has it; undefined if nothing was: then tasks of whatever docker has are fine. */
  version?: string | undefined;
}

/**
 * Docker starts a task beside the one that it replaces, and calls it running once its health check passes.
 *
 * @param undone Called as soon as docker goes back to the version before.
 * @throws Unhealthy if the newest version does not run; UserError if the service is gone.
 */
export async function untilTasksRun(gate: TaskGate, undone: () => Promise<void>): Promise<void> {
  const { name, replicas, limitMs, placeMs = 20_000, version } = gate;
  const start = performance.now();
  const failedBefore = new Set(failed(await tasksOf(name)).map(({ ID }) => ID));
  const isNew = ({ ID }: Task) => !failedBefore.has(ID);
  const because = (tasks: Task[], message: string) =>
    unhealthy(culprit(tasks.filter(isNew)) ?? culprit(tasks), message);
  // A change of the placement alone shows in no task: docker has a moment to begin with it.
  let quiet = 0;
  let placed = start;
  for (let told = false; ; await sleep(PAUSE_MS)) {
    stopIfInterrupted();
    const service = await serviceOf(name);
    const { State = "", Message = "" } = service.UpdateStatus ?? {};
    const tasks = await tasksOf(name);
    const running = newest(tasks.filter(isRunning), service.Spec.TaskTemplate);
    const isFull = running === replicas;
    if (version === undefined) {
      if (isFull && State !== "updating") return;
    } else {
      if (isUndone(State) && !told) {
        await undone();
        told = true;
      }
      if (/^(rollback_completed|rollback_paused|paused)$/.test(State)) throw await because(tasks, Message);
      // What undoes an update by hand, or scales after one that failed, leaves no other trace.
      if (!isUndone(State) && versionIn(service) !== version)
        throw new UserError(
          `${name}: docker has another version of it than this update's. Run \`pulumi up --refresh\`.`,
        );
      if (isFull && (State === "completed" || (State === "" && ++quiet > 1))) return;
    }
    // Of a new service there is nothing to go back to: docker starts its tasks again and again.
    if (State === "" && failed(tasks).some(isNew)) throw await because(tasks, "it ends");
    if (!tasks.some(isHomeless)) placed = performance.now();
    if (performance.now() - start > limitMs || performance.now() - placed > placeMs) {
      if (State === "updating") {
        await undone();
        await docker(["service", "update", "--rollback", "--detach", name]);
      }
      throw await because(tasks, `${running} of ${replicas} tasks run after ${secondsSince(start)}`);
    }
  }
}

export const serviceOf = async (name: string): Promise<Inspected> =>
  JSON.parse(await docker(["service", "inspect", "--format", "{{json .}}", name])) as Inspected;

/** Those that docker remembers: it forgets the oldest ones. */
async function tasksOf(name: string): Promise<Task[]> {
  const ids = await dockerLines(["service", "ps", "--quiet", "--no-trunc", name]);
  if (ids.length === 0) return [];
  // One that was forgotten meanwhile is an error beside the others.
  const { stdout } = await run("docker", ["inspect", "--type", "task", "--format", "{{json .}}", ...ids]);
  return jsonLines<Task>(stdout);
}

/** Those that have a process, wanted or not: one that starts works already, and is called running once it is healthy. */
export const runningTasks = async (name: string): Promise<Task[]> =>
  (await tasksOf(name)).filter(({ Status }) => ["starting", "running"].includes(Status.State));

/** How many are healthy. */
export const healthyTasks = async (name: string): Promise<number> =>
  (await tasksOf(name)).filter(isRunning).length;

/** Replaces the tasks that are older than their database's container: a back does not connect to another one. */
export async function renewTasks(name: string, container: string): Promise<void> {
  const created = Date.parse((await inspect<string>("container", container, ".Created")) ?? "");
  const { Spec, UpdateStatus } = await serviceOf(name);
  // Another update would hide that docker went back.
  if (isUndone(UpdateStatus?.State ?? "")) return;
  const stale = (await tasksOf(name)).filter(({ CreatedAt }) => Date.parse(CreatedAt) < created);
  if (newest(stale.filter(isRunning), Spec.TaskTemplate) > 0)
    await docker(["service", "update", "--force", "--detach", name]);
}

const isRunning = ({ DesiredState, Status }: Task): boolean =>
  DesiredState === "running" && Status.State === "running";

/** How many are of the newest version: right after it was sent, docker may not have begun with it. */
const newest = (tasks: Task[], wanted: TaskSpec): number =>
  tasks.filter(({ Spec }) => made(Spec) === made(wanted)).length;

/** Not the placement: a task stays if its node is right by the new one too. */
const made = ({ ContainerSpec, Resources, ForceUpdate }: TaskSpec): string =>
  JSON.stringify([ContainerSpec, Resources, ForceUpdate]);

/** Whether a task that is wanted runs on no node, since none is up and has the labels that it needs. */
const isHomeless = (task: Task): boolean => isWanted(task) && /^no suitable node/.test(task.Status.Err ?? "");

/** One that takes the place of another is made ready first. */
const isWanted = ({ DesiredState }: Task): boolean => ["ready", "running"].includes(DesiredState);

const failed = (tasks: Task[]): Task[] =>
  tasks.filter(({ Status }) => ["failed", "rejected"].includes(Status.State));

/** The task that shows why: the one that failed last, else one that does not start. */
export function culprit(tasks: Task[]): Task | undefined {
  const latest = (some: Task[]) =>
    some.sort((a, b) => a.Status.Timestamp.localeCompare(b.Status.Timestamp)).at(-1);
  return (
    latest(failed(tasks)) ?? latest(tasks.filter((task) => isWanted(task) && task.Status.State !== "running"))
  );
}

async function unhealthy(task: Task | undefined, message: string): Promise<Unhealthy> {
  if (task === undefined) return new Unhealthy(message, "");
  const { Err, Message, State } = task.Status;
  if (isHomeless(task)) return new Unhealthy(`${Err} (${message})`, "");
  const args = ["service", "logs", "--raw", "--tail", String(LOG_LINES), task.ID];
  // Its node may be gone.
  const { stdout, stderr } = await run("docker", args, { timeout: 10_000 });
  return new Unhealthy(`${Err || Message || State} (${message})`, tail(`${stdout}${stderr}`, LOG_LINES));
}
