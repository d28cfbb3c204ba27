/** The database's canary: its new container beside the one that runs, which it must not disturb. */
import { HARDENED, labelled } from "../docker/arguments.ts";
import { docker, removeLabelled } from "../docker/client.ts";
import { Unhealthy, untilHealthy } from "../docker/health.ts";
import { run } from "../process.ts";
import { UserError } from "../userError.ts";

/** The container that runs, as `docker inspect` describes it. */
export interface Running {
  Config: { Image: string };
  State: { Status: string; Health?: { Status: string } };
  HostConfig: { Memory: number; CpuPeriod: number; CpuQuota: number; PidsLimit: number | null };
}

/** The service as it is to run. */
export interface Trial {
  /** What the data was made with. */
  database: { major: number; name: string; user: string };
  image: string;
  /** Empty for the image's own. */
  command: string[];
  env: Record<string, string>;
  user: string;
  tmpfs: Record<string, string>;
  /** Size of /dev/shm, in megabytes; default: docker's. */
  sharedMemory?: number;
  /** Where the data is mounted. A canary must never see it, and gets an empty volume there. */
  data: string[];
  stopSignal: string;
  /** The plain probe. */
  probe: string[];
  /** Time limit until it is healthy, in milliseconds. */
  limitMs: number;
}

/** Megabytes, processors, processes; 0 is no limit. */
export interface Limits {
  memory: number;
  cpus: number;
  processes: number;
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
  /** Default: those of the container that runs. */
  limits?: Limits | undefined;
}

/** Whether a container is healthy. One that has just started, or restarts again and again, is probed. */
export async function serves(name: string, { State: state }: Running, probe: string[]): Promise<boolean> {
  if (state.Status !== "running") return false;
  if (state.Health?.Status !== "starting") return state.Health?.Status !== "unhealthy";
  return (await run("docker", ["exec", name, ...probe])).code === 0;
}

/**
 * Starts a canary, waits until it is healthy, and removes everything of it, whatever happens. `check` gets its id.
 *
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
    const id = await docker(createArguments(canary, canary.limits ?? limitsOf(running)));
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

const limitsOf = ({ HostConfig: host }: Running): Limits => ({
  memory: host.Memory / 1024 / 1024,
  cpus: host.CpuPeriod > 0 ? host.CpuQuota / host.CpuPeriod : 0,
  processes: host.PidsLimit ?? 0,
});

/** The container as the provider makes it, for docker's client. */
export function createArguments(canary: Canary, { memory, cpus, processes }: Limits): string[] {
  const { container, network, stack, label, sharedMemory, command } = canary;
  return [
    ...["create", "--name", `${container}-trial`, "--network", network, "--pull", "never"],
    ...[...labelled(stack, label), "--read-only", "--init", ...HARDENED],
    ...(memory > 0 ? ["--memory", `${memory}m`, "--memory-swap", `${memory}m`] : []),
    // As for the service: docker refuses `--cpus` if the host has fewer.
    ...(cpus > 0 ? ["--cpu-period", "100000", "--cpu-quota", String(Math.round(cpus * 100_000))] : []),
    ...(processes > 0 ? ["--pids-limit", String(processes)] : []),
    // The step probes it.
    ...["--user", canary.user, "--stop-signal", canary.stopSignal, "--no-healthcheck"],
    ...Object.entries(canary.tmpfs).flatMap(([path, options]) => ["--tmpfs", `${path}:${options}`]),
    ...(sharedMemory === undefined ? [] : ["--shm-size", `${sharedMemory}m`]),
    ...canary.data.flatMap((path) => ["--volume", path]),
    ...Object.entries(canary.env).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
    ...[canary.image, ...command],
    // Its log files have the same names as those of the data.
    ...(command.length === 0 ? [] : ["-c", "archive_mode=off"]),
  ];
}
