/** The database's canary: its new container beside the one that runs, which it must not disturb. */
import { labelled } from "../docker/arguments.ts";
import { docker, removeLabelled } from "../docker/client.ts";
import { Unhealthy, untilHealthy } from "../docker/health.ts";
import { run } from "../process.ts";
import { UserError } from "../userError.ts";
import { type Limits, limitArguments, type Trial, trialArguments } from "./canaryArguments.ts";

/** The container that runs, as `docker inspect` describes it. */
export interface Running {
  Config: { Image: string };
  State: { Status: string; Health?: { Status: string } };
  HostConfig: { Memory: number; CpuPeriod: number; CpuQuota: number; PidsLimit: number | null };
}

export interface Canary extends Trial {
  stack: string;
  /** The service's name in messages. */
  service: string;
  /** Name of the container that runs. */
  container: string;
  network: string;
  /** The label `agatha.service` of everything that is made for it. */
  label: string;
  /** The service's limits. Default: those of the container that runs. */
  limits?: Limits | undefined;
}

/** Whether a container is healthy. One that has just started, or restarts again and again, is probed. */
export async function serves(name: string, { State: state }: Running, probe: string[]): Promise<boolean> {
  if (state.Status !== "running") return false;
  if (state.Health?.Status !== "starting") return state.Health?.Status !== "unhealthy";
  return (await run("docker", ["exec", name, ...probe])).code === 0;
}

/**
 * Starts a canary, waits until it is healthy, and removes everything of it, whatever happens.
 *
 * @param check Checks the healthy container, by its id.
 * @throws UserError with the end of its log.
 */
export async function runCanary(
  canary: Canary,
  running: Running,
  check: (id: string) => Promise<void>,
): Promise<void> {
  const { stack, label, service, image } = canary;
  // One that was killed may have left something.
  await removeLabelled(stack, label);
  try {
    const id = await create(canary, canary.limits ?? limitsOf(running));
    await docker(["start", id]);
    await untilHealthy(id, service, canary.probe, canary.limitMs);
    await check(id);
  } catch (error) {
    if (!(error instanceof Unhealthy)) throw error;
    throw new UserError(
      `${service}: its canary of ${image} ${error.message}; ${running.Config.Image} keeps serving. Fix what its log shows, then run up again. Its last lines:\n${error.log}`,
    );
  } finally {
    // What went wrong with docker here, the work above has reported.
    await removeLabelled(stack, label).catch(() => {});
  }
}

function create(canary: Canary, limits: Limits): Promise<string> {
  const { container, network, stack, label } = canary;
  const name = `${container}-trial`;
  return docker([
    ...["create", "--name", name, "--network", network, "--pull", "never", ...labelled(stack, label)],
    ...limitArguments(limits),
    ...trialArguments(canary),
  ]);
}

/** The limits of a container that runs. */
function limitsOf({ HostConfig: host }: Running): Limits {
  return {
    memory: host.Memory / 1024 / 1024,
    cpus: host.CpuPeriod > 0 ? host.CpuQuota / host.CpuPeriod : 0,
    processes: host.PidsLimit ?? 0,
  };
}
