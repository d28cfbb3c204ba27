/** How long the back is unavailable by docker's events, and the machine's load, which distorts that. */
import { availableParallelism, loadavg } from "node:os";
import type { Scratch } from "./scratch.ts";

interface Event {
  Action: string;
  Actor: { Attributes: Record<string, string> };
  timeNano: number;
}

/** Runnable processes per core over the last minute; 1 if the machine keeps up. */
export const crowd = (): number => Math.max(1, (loadavg()[0] ?? 1) / availableParallelism());

/**
 * Seconds from the request to stop the old back until the new one had started; NaN if it did not.
 *
 * @param since When the update began, in seconds since 1970.
 */
export async function untilStarted(scratch: Scratch, since: number): Promise<number> {
  const name = await scratch.container("back");
  const lines = await scratch.docker(
    ...["events", "--since", since.toFixed(3), "--until", (Date.now() / 1000).toFixed(3)],
    ...["--filter", `container=${name}`, "--format", "{{json .}}"],
  );
  // The filter also matches names that begin with this one.
  const events = lines
    .map((line) => JSON.parse(line) as Event)
    .filter(({ Actor }) => Actor.Attributes["name"] === name);
  const time = (action: string) => events.find(({ Action }) => Action === action)?.timeNano ?? Number.NaN;
  return (time("start") - time("kill")) / 1e9;
}
