/** The stack's own database and back end while its data is moved: stopped, and started again if that fails. */
import { setTimeout as sleep } from "node:timers/promises";
import { docker, inspect } from "../../docker/client.ts";
import { serviceContainers } from "../../docker/serviceContainers.ts";
import { healthyTasks } from "../../docker/swarm/gate.ts";
import { type Scaled, scaledService, startTasks, stopTasks } from "../../docker/swarm/scale.ts";
import { isInterrupted } from "../../process.ts";
import { accepts } from "../temporaryServer.ts";

/** Time that a back has to be healthy again, in milliseconds: the default of its start period. */
const HEALTHY_LIMIT_MS = 60_000;

/** Time between two looks, in milliseconds: docker's own probes come seconds apart. */
const PAUSE_MS = 200;

/** A container of the stack, as the upgrade found it. */
interface Found {
  id: string;
  running: boolean;
  /** Whether the upgrade stops it: it may stop at any time from then on. */
  asked: boolean;
}

export interface Services {
  database: Found | undefined;
  backs: Found[];
  /** In a swarm, the back's service. */
  tasks: Scaled | undefined;
}

/** Those that run and those that do not: an attempt that was killed left them stopped. */
export async function ownServices(stack: string, container: string): Promise<Services> {
  const ids = (await serviceContainers(stack, "back")).map(({ id }) => id);
  const found = await Promise.all([container, ...ids].map(find));
  return {
    database: found[0],
    backs: found.slice(1).filter((each) => each !== undefined),
    tasks: ids.length > 0 ? undefined : await scaledService(stack, "back"),
  };
}

async function find(name: string): Promise<Found | undefined> {
  const id = await inspect<string>("container", name, ".Id");
  const running = await inspect<boolean>("container", name, ".State.Running");
  return id === undefined ? undefined : { id, running: running ?? false, asked: false };
}

/** The back first, so that no write of it fails; then the database, so that nobody else's is lost. */
export async function stopRunning({ database, backs, tasks }: Services): Promise<void> {
  if (tasks !== undefined) await stopTasks(tasks);
  for (const each of [...backs, ...(database === undefined ? [] : [database])]) {
    if (!each.running) continue;
    each.asked = true;
    await docker(["stop", each.id]);
  }
}

/** Starts what there is of them. @param user A role of the database. */
export async function serveAgain({ database, backs, tasks }: Services, user: string): Promise<void> {
  if (database !== undefined && isAway(database)) {
    await docker(["restart", database.id]);
    // A back end does not find its way to a database that comes later.
    await accepts(database.id, user, 5432);
  }
  const away = backs.filter(isAway).map(({ id }) => id);
  if (away.length > 0) await docker(["restart", ...away]);
  if (tasks !== undefined) await startTasks(tasks);
}

/** One that may be stopping still is restarted, which waits for that: a start would find it running, and do nothing. */
const isAway = ({ running, asked }: Found): boolean => asked || !running;

/** Waits until the backs that were started are healthy. @returns What is true then, for people. */
export async function answersAgain({ database, backs, tasks }: Services): Promise<string> {
  if (database === undefined) return "Nothing changed";
  if (backs.length === 0 && tasks === undefined) return "Nothing changed: the old database runs as before";
  const end = performance.now() + HEALTHY_LIMIT_MS;
  const healthy = async () => {
    if (tasks !== undefined && (await healthyTasks(tasks.name)) < tasks.replicas) return false;
    const states = await Promise.all(
      backs.map(({ id }) => inspect<string>("container", id, ".State.Health.Status")),
    );
    return states.every((state) => state === "healthy");
  };
  // After an interrupt, nobody waits for it.
  while (!isInterrupted() && performance.now() < end) {
    if (await healthy()) return "Nothing changed: the old database and the back run as before";
    await sleep(PAUSE_MS);
  }
  return "Nothing changed: the old database runs as before; the back was started again, and is not healthy yet (`npm run logs -- back` shows what it says)";
}
