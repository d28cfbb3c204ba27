/** How long the back is away by docker's events, and how much that tells on a machine that has more to do. */
import { availableParallelism, loadavg } from "node:os";
import type { Scratch } from "./scratch.ts";

interface Event {
  Action: string;
  Actor: { Attributes: Record<string, string> };
  timeNano: number;
}

/** What wants to run for each core, over the last minute; 1 where the machine keeps up. */
export const crowd = (): number => Math.max(1, (loadavg()[0] ?? 1) / availableParallelism());

/**
 * Seconds from when docker was asked to stop the former back to when it had started the new one; NaN where it did not.
 *
 * @param since When the update began, in seconds since 1970.
 */
export async function untilStarted(scratch: Scratch, since: number): Promise<number> {
  const name = scratch.container("back");
  const lines = await scratch.docker(
    ...["events", "--since", since.toFixed(3), "--until", (Date.now() / 1000).toFixed(3)],
    ...["--filter", `container=${name}`, "--format", "{{json .}}"],
  );
  // The filter also lets names through that begin with this one.
  const events = lines
    .map((line) => JSON.parse(line) as Event)
    .filter(({ Actor }) => Actor.Attributes["name"] === name);
  const time = (action: string) => events.find(({ Action }) => Action === action)?.timeNano ?? Number.NaN;
  return (time("start") - time("kill")) / 1e9;
}
