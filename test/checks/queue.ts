/** Runs what takes long, two at a time: each uses a core for a good part of its time. */
import { UserError } from "../../lib/userError.ts";
import { type Count, FAILED } from "./checks.ts";

export interface Task {
  /** Whether it uses this machine's docker daemon, as only one task at a time may. */
  sharesDaemon: boolean;
  /** Whether it only waits, so that it may run beside two others. */
  waits: boolean;
  run: () => Promise<Count>;
}

/**
 * Each task is begun in its turn, but one that shares the daemon always runs as long as there is one: together they take
 * about half of the time. Those that only wait run beside all others, one after the other. One that throws counts as failed.
 */
export async function inPairs(tasks: Task[]): Promise<Count[]> {
  const waiting = tasks.filter(({ waits }) => waits);
  const shared = tasks.filter(({ waits, sharesDaemon }) => !waits && sharesDaemon);
  const others = tasks.filter(({ waits, sharesDaemon }) => !waits && !sharesDaemon);
  const counts: Count[] = [];
  const work = async (queue: Task[]) => {
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) counts.push(await counted(task));
  };
  await Promise.all([work(shared).then(() => work(others)), work(others), work(waiting)]);
  return counts;
}

async function counted(task: Task): Promise<Count> {
  try {
    return await task.run();
  } catch (error) {
    const text = error instanceof UserError ? error.message : ((error as Error).stack ?? String(error));
    process.stdout.write(`FAILED: ${text}\n`);
    return FAILED;
  }
}
