/**
 * Waits until a service's container is healthy, and says how long that took and how long the service was away. First it
 * gives the container its limit of processes, and connects it where somebody cut it off from the stack's network.
 */

import { lastStop, now } from "../lib/docker/away.ts";
import { docker, inspect } from "../lib/docker/client.ts";
import { Unhealthy, untilHealthy } from "../lib/docker/health.ts";
import { run } from "../lib/process.ts";
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
  // Looked up now: docker keeps few events, and the probes below are some.
  const stopped = await lastStop(name, container);
  try {
    await untilHealthy(
      container,
      JSON.parse(input("PROBE")) as string[],
      Number(input("START_PERIOD_MS")) + GRACE_MS,
    );
  } catch (error) {
    if (!(error instanceof Unhealthy)) throw error;
    throw new UserError(
      `${service} ${error.message}. Fix what its log tells, then run up again. The last lines of \`docker logs ${name}\`:\n${error.log}`,
    );
  }
  if (network !== undefined) {
    const [start] = /healthy after .* s/.exec(process.env["PULUMI_COMMAND_STDOUT"] ?? "") ?? ["not known"];
    process.stdout.write(`${service} is connected to ${network} again, and healthy; its start: ${start}\n`);
    return;
  }
  const healthy = await now();
  const started = Date.parse((await inspect<string>("container", container, ".State.StartedAt")) ?? "");
  const away = stopped === undefined ? "" : `, away for ${seconds(healthy - stopped)}`;
  process.stdout.write(`${service} is healthy after ${seconds(healthy - started)}${away}\n`);
});

/** The network that it was connected to again. `CUT_OFF`, where it is set, names it and says when that was seen. */
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

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
