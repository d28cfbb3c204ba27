/**
 * The health gate of a service's container, what a container still lacks when the provider has made it, and when it stopped:
 * from docker's events and by docker's clock, which may differ from this machine's.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../process.ts";
import { UserError } from "../userError.ts";
import { docker, inspect, jsonLines, runDocker } from "./client.ts";
import { untilHealthy } from "./health.ts";

/** Time beyond the start period in which docker's three probes would have decided, in milliseconds. */
const GRACE_MS = 30_000;

export interface Gate {
  /** Id of the container, and the service's name in messages: `agatha-back`. */
  container: string;
  service: string;
  /** The plain probe. */
  probe: string[];
  /** Time in which failed probes do not count, in milliseconds. */
  startPeriodMs: number;
  /** Limit on processes and threads. */
  processes: number;
  /** The network that it was found cut off from, and its names in there. */
  cutOff?: { network: string; aliases: string[] } | undefined;
}

/** What is known of a service that is healthy. */
export interface Healthy {
  /** The network that its container was connected to again; then nothing was replaced. */
  connected: string | undefined;
  /** When the container before it stopped, by docker's clock in milliseconds; undefined if the service was not away. */
  stopped: number | undefined;
}

/** The name of a service's container. @throws UserError if it is gone. */
export async function nameOf({ container, service }: Gate): Promise<string> {
  const name = (await inspect<string>("container", container, ".Name"))?.slice(1);
  if (name !== undefined) return name;
  throw new UserError(`${service}: its container is gone. Run \`pulumi up --refresh\`.`);
}

/**
 * Limits the container's processes, connects it to the stack's network if it was cut off, and waits until it is healthy.
 * @returns The network that it was connected to again. @throws Unhealthy; UserError if the container or its network is gone.
 */
export async function passGate(gate: Gate): Promise<string | undefined> {
  const { container, service, probe, startPeriodMs } = gate;
  const connected = await connectAgain(gate);
  const healthy = untilHealthy(container, service, probe, startPeriodMs + GRACE_MS);
  await Promise.all([limitProcesses(gate), healthy]);
  return connected;
}

/** The provider has no input for it. Docker refuses it for a container that ends at that very moment, and takes it once it has. */
async function limitProcesses({ container, processes }: Gate): Promise<void> {
  const args = ["container", "update", "--pids-limit", String(processes), container];
  for (let tries = 1; tries < 10; tries++) {
    if ((await runDocker(args, { tolerated: /cannot update container/i })).code === 0) return;
    await sleep(100);
  }
  await docker(args);
}

async function connectAgain({ container, service, cutOff }: Gate): Promise<string | undefined> {
  if (cutOff === undefined) return undefined;
  const { network, aliases } = cutOff;
  const networks = await inspect<object>("container", container, ".NetworkSettings.Networks");
  if (Object.hasOwn(networks ?? {}, network)) return undefined;
  const { code, stderr } = await run("docker", ["network", "inspect", network]);
  if (code !== 0 && /no such network|not found/i.test(stderr))
    throw new UserError(`${service}: its network ${network} is gone. Run \`npm run up -- --refresh\`.`);
  const names = aliases.flatMap((alias) => ["--alias", alias]);
  await docker(["network", "connect", ...names, network, container]);
  return network;
}

/** When a container started, in milliseconds of docker's clock. */
export const startOf = async (container: string): Promise<number> =>
  Date.parse((await inspect<string>("container", container, ".State.StartedAt")) ?? "");

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
