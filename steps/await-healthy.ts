/**
 * The health gate: waits until a service's container is healthy, and hands on how long that took and how long the service
 * was away. First it gives the container its limit of processes, and connects it to the stack's network if it was cut off.
 */
import { docker, inspect } from "../lib/docker/client.ts";
import { lastStop, now } from "../lib/docker/downtime.ts";
import { Unhealthy, untilHealthy } from "../lib/docker/health.ts";
import { run } from "../lib/process.ts";
import { handOn, healthFacts } from "../lib/stepFacts.ts";
import { UserError } from "../lib/userError.ts";
import { input, step } from "./step.ts";

/** Time beyond the start period in which docker's three probes would have decided, in milliseconds. */
const GRACE_MS = 30_000;

await step(async () => {
  const [container, service] = [input("CONTAINER"), input("SERVICE")];
  const name = (await inspect<string>("container", container, ".Name"))?.slice(1);
  if (name === undefined)
    throw new UserError(`${service}: its container is gone. Run \`pulumi up --refresh\`.`);
  // The provider has no input for it.
  await docker(["container", "update", "--pids-limit", input("PROCESSES"), container]);
  const network = await connectedAgain(container, service);
  // Looked up before the probes below, each of which is an event: docker keeps few.
  const stopped = await lastStop(name, container);
  try {
    await untilHealthy(
      container,
      service,
      JSON.parse(input("PROBE")) as string[],
      Number(input("START_PERIOD_MS")) + GRACE_MS,
    );
  } catch (error) {
    if (!(error instanceof Unhealthy)) throw error;
    throw new UserError(
      `${service} ${error.message}. Fix what its log shows, then run up again. The last lines of \`docker logs ${name}\`:\n${error.log}`,
    );
  }
  if (network !== undefined) {
    process.stdout.write(`${service} is connected to ${network} again, and healthy\n`);
    // It is the container of before, so what was measured of it holds.
    const { PULUMI_COMMAND_STDOUT: stdout, PULUMI_COMMAND_STDERR: stderr } = process.env;
    return handOn(healthFacts({ stdout, stderr }));
  }
  const healthy = await now();
  const started = Date.parse((await inspect<string>("container", container, ".State.StartedAt")) ?? "");
  const startSeconds = seconds(healthy - started);
  const awaySeconds = stopped === undefined ? undefined : seconds(healthy - stopped);
  const away = awaySeconds === undefined ? "" : `, away for ${awaySeconds.toFixed(1)} s`;
  process.stdout.write(`${service} is healthy after ${startSeconds.toFixed(1)} s${away}\n`);
  handOn({ startSeconds, ...(awaySeconds === undefined ? {} : { awaySeconds }) });
});

/** The network that it was connected to again. `CUT_OFF`, if it is set, names the network and when that was seen. */
async function connectedAgain(container: string, service: string): Promise<string | undefined> {
  const [network] = process.env["CUT_OFF"]?.split(" ") ?? [];
  if (network === undefined) return undefined;
  const networks = await inspect<Record<string, unknown>>(
    "container",
    container,
    ".NetworkSettings.Networks",
  );
  if (Object.hasOwn(networks ?? {}, network)) return undefined;
  const { code, stderr } = await run("docker", ["network", "inspect", network]);
  if (code !== 0 && /no such network|not found/i.test(stderr))
    throw new UserError(`${service}: its network ${network} is gone. Run \`npm run up -- --refresh\`.`);
  await docker(["network", "connect", "--alias", service, network, container]);
  return network;
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds) / 1000;
}
