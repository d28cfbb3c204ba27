/** The stack's own database and back end while its data is moved: stopped, and started again if that fails. */
import { docker, inspect } from "../../docker/client.ts";
import { startTasks, stopTasks } from "../../docker/swarm/scale.ts";
import { type Backs, backsOf, isNone, untilServing } from "../backs.ts";
import { accepts } from "../temporaryServer.ts";

/** Time that a back has to be healthy again, in milliseconds: the default of its start period. */
const HEALTHY_LIMIT_MS = 60_000;

export interface Services {
  /** Ids of containers, running or not. */
  database: string | undefined;
  backs: Backs;
  /** Those that the upgrade stops: they may stop at any time from then on. */
  asked: string[];
}

export const ownServices = async (stack: string, container: string): Promise<Services> => ({
  database: await inspect<string>("container", container, ".Id"),
  backs: await backsOf(stack, true),
  asked: [],
});

/** The back first, so that no write of it fails; then the database, so that nobody else's is lost. */
export async function stopRunning({ database, backs, asked }: Services): Promise<void> {
  if (backs.service !== undefined) await stopTasks(backs.service);
  for (const id of [...backs.containers, ...(database === undefined ? [] : [database])]) {
    asked.push(id);
    await docker(["stop", id]);
  }
}

/** Starts what there is of them. @param user A role of the database. */
export async function serveAgain({ database, backs, asked }: Services, user: string): Promise<void> {
  // One that may be stopping still is restarted, which waits for that: a start would find it running, and do nothing.
  const begin = (id: string) => docker([asked.includes(id) ? "restart" : "start", id]);
  if (database !== undefined) {
    await begin(database);
    // A back end does not find its way to a database that comes later.
    await accepts(database, user, 5432);
  }
  for (const id of backs.containers) await begin(id);
  if (backs.service !== undefined) await startTasks(backs.service);
}

/** Waits until the back is healthy, unless there was an interrupt. @returns What is true then, for people. */
export async function answersAgain({ database, backs }: Services): Promise<string> {
  if (database === undefined) return "Nothing changed";
  if (isNone(backs)) return "Nothing changed: the old database runs as before";
  return untilServing(backs, HEALTHY_LIMIT_MS).then(
    () => "Nothing changed: the old database and the back run as before",
    () =>
      "Nothing changed: the old database runs as before; the back was started again, and is not healthy yet (`npm run logs -- back` shows what it says)",
  );
}
