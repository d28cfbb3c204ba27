/** Updates under a steady load, by each way in turn: what clients notice. */
import { setTimeout as sleep } from "node:timers/promises";
import { startLoad } from "../support/load.ts";
import { deployed, makeChange } from "./change.ts";
import type { Deployment, LoadedUpdate, LoadedUpdates } from "./results.ts";

/** Time under load before an update, and after it, in milliseconds. */
const AROUND = 1000;

export async function measureUpdates(
  service: "back" | "front",
  ways: Record<keyof LoadedUpdates, Deployment>,
  updates: number,
): Promise<LoadedUpdates> {
  const found: LoadedUpdates = { ours: [], compose: [] };
  for (let update = 0; update < updates; update++)
    for (const name of ["ours", "compose"] as const)
      found[name].push(await loadedUpdate(service, ways[name]));
  return found;
}

/** One update, with reads of front and back and writes to the back all the while. */
async function loadedUpdate(service: "back" | "front", way: Deployment): Promise<LoadedUpdate> {
  const { backUrl, frontUrl } = way;
  const arrived = await makeChange(service === "back" ? "jar" : "dist", way);
  // If the update fails, the load ends with this process.
  const load = await startLoad({
    reads: [`${backUrl}/health`, `${frontUrl}/`],
    writes: `${backUrl}/api/budgets`,
  });
  await sleep(AROUND);
  await deployed(`the changed ${service}`, way.deploy(service), arrived);
  await sleep(AROUND);
  const result = await load.stop();
  return { ...result, acknowledged: result.acknowledged.length };
}

/** What failed, by kind: `12 ECONNRESET and 3 status 503`. */
export function kinds(updates: LoadedUpdate[]): string {
  const counts = new Map<string, number>();
  for (const { kind, count } of updates.flatMap(({ failures }) => failures))
    counts.set(kind, (counts.get(kind) ?? 0) + count);
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(" and ") || "none";
}
