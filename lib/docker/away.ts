/** When a service went away: by docker's own events and docker's own clock, which may not be this machine's. */
import { docker } from "./client.ts";

/** How far back is looked, in seconds; docker keeps its last 256 events at most. */
const LOOK_BACK = 600;

interface Event {
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  timeNano: number;
}

/** The daemon's time, in milliseconds, at the moment of the call. */
export async function now(): Promise<number> {
  const called = performance.now();
  const time = Date.parse(await docker(["info", "--format", "{{.SystemTime}}"]));
  return time - (performance.now() - called);
}

/**
 * When the container of this name that was there before was asked to end, or ended by itself; milliseconds of the
 * daemon's clock.
 *
 * @param container Id of the container that has the name now.
 * @returns undefined where there was none, or docker no longer knows.
 */
export async function lastStop(name: string, container: string): Promise<number | undefined> {
  const until = (await now()) / 1000;
  const filters = ["kill", "die", "start"].flatMap((event) => ["--filter", `event=${event}`]);
  const range = ["--since", (until - LOOK_BACK).toFixed(3), "--until", until.toFixed(3)];
  const lines = await docker([
    ...["events", ...range, "--filter", `container=${name}`, ...filters],
    ...["--format", "{{json .}}"],
  ]);
  return stopOf(name, container, lines);
}

/** Reads `docker events`, one JSON object a line. */
export function stopOf(name: string, container: string, lines: string): number | undefined {
  const events = lines
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Event)
    // The filter also lets names through that begin with this one.
    .filter(({ Actor }) => Actor.Attributes["name"] === name && Actor.ID !== container);
  const started = events.findLastIndex(({ Action }) => Action === "start");
  // From its last start on, the first sign of its end: the signal, after which it takes no more requests.
  const stop = events.slice(started + 1)[0];
  return stop === undefined ? undefined : stop.timeNano / 1e6;
}
