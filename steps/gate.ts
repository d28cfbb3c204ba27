/** What the steps that wait for a service have in common: their inputs, and what they hand on. */
import { type Gate, type Healthy, lastStop, nameOf, now, passGate, startOf } from "../lib/docker/gate.ts";
import { Unhealthy } from "../lib/docker/health.ts";
import { handOn, healthFacts } from "../lib/stepFacts.ts";
import { UserError } from "../lib/userError.ts";
import { input } from "./step.ts";

/** The gate of the service that the step is about. */
export function gateOf(): Gate {
  // `CUT_OFF` names the network, says when that was seen, and names the aliases.
  const [network, , ...aliases] = process.env["CUT_OFF"]?.split(" ") ?? [];
  return {
    container: input("CONTAINER"),
    service: input("SERVICE"),
    probe: JSON.parse(input("PROBE")) as string[],
    processes: Number(input("PROCESSES")),
    startPeriodMs: Number(input("START_PERIOD_MS")),
    cutOff: network === undefined ? undefined : { network, aliases },
  };
}

/**
 * Waits until a container that replaced one of its name is healthy, and hands on how long that took and the service was away.
 *
 * @param open What lets it serve once it is healthy. Default: nothing.
 * @throws UserError with its last lines if it does not get healthy.
 */
export async function awaitHealthy(gate: Gate, open = async (): Promise<void> => {}): Promise<void> {
  const { container, service } = gate;
  const name = await nameOf(gate);
  // Looked up before the probes, each of which is an event: docker keeps few.
  const stopped = await lastStop(name, container);
  const connected = await passGate(gate).catch((error: unknown) => {
    if (!(error instanceof Unhealthy)) throw error;
    throw new UserError(
      `${service} ${error.message}. Fix what its log shows, then run up again. The last lines of \`docker logs ${name}\`:\n${error.log}`,
    );
  });
  await open();
  await handOnHealth(gate, { connected, stopped });
}

/** Says how long a service took and how long it was away, and hands both on. */
export async function handOnHealth({ container, service }: Gate, { connected, stopped }: Healthy) {
  if (connected !== undefined) {
    process.stdout.write(`${service} is connected to ${connected} again, and healthy\n`);
    // It is the container of before, so what was measured of it holds.
    const { PULUMI_COMMAND_STDOUT: stdout, PULUMI_COMMAND_STDERR: stderr } = process.env;
    return handOn(healthFacts({ stdout, stderr }));
  }
  const healthy = await now();
  const startSeconds = seconds(healthy - (await startOf(container)));
  const awaySeconds = stopped === undefined ? undefined : seconds(healthy - stopped);
  const away = awaySeconds === undefined ? "" : `, away for ${awaySeconds.toFixed(1)} s`;
  process.stdout.write(`${service} is healthy after ${startSeconds.toFixed(1)} s${away}\n`);
  handOn({ startSeconds, awaySeconds });
}

const seconds = (milliseconds: number): number => Math.round(milliseconds) / 1000;

/** The role by which the service logs in, whose former password holds until the new one serves; undefined if there is none. */
export function roleOf(): { container: string; user: string } | undefined {
  const { DATABASE_CONTAINER: container, DATABASE_USER: user } = process.env;
  return container && user ? { container, user } : undefined;
}
