/** When a service stopped, from docker's events and by docker's clock, which may differ from this machine's. */
import { docker, jsonLines } from "./client.ts";

/** The daemon's time, in milliseconds, at the moment of the call. */
export async function now(): Promise<number> {
  const called = performance.now();
  const time = Date.parse(await docker(["info", "--format", "{{.SystemTime}}"]));
  return time - (performance.now() - called);
}

/**
 * When the former container of this name was asked to end or ended by itself, in milliseconds of the daemon's clock; undefined if
 * there was none, or if docker no longer knows. @param container Id of the container that has the name now.
 */
export async function lastStop(name: string, container: string): Promise<number | undefined> {
  const until = (await now()) / 1000;
  const filters = ["kill", "die", "start"].flatMap((event) => ["--filter", `event=${event}`]);
  // Of the last ten minutes: docker keeps its last 256 events at most.
  const range = ["--since", (until - 600).toFixed(3), "--until", until.toFixed(3)];
  const args = ["--filter", `container=${name}`, ...filters, "--format", "{{json .}}"];
  return stopOf(name, container, await docker(["events", ...range, ...args]));
}

/** Reads `docker events`, one JSON object a line. */
export function stopOf(name: string, container: string, lines: string): number | undefined {
  const events = jsonLines<{
    Action: string;
    Actor: { ID: string; Attributes: Record<string, string> };
    timeNano: number;
  }>(lines)
    // Docker's filter also passes names that begin with this one.
    .filter(({ Actor }) => Actor.Attributes["name"] === name && Actor.ID !== container);
  const started = events.findLastIndex(({ Action }) => Action === "start");
  // The first sign of its end since its last start: after a signal it takes no more requests.
  const stop = events[started + 1];
  return stop && stop.timeNano / 1e6;
}
