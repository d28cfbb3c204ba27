/** The arguments of `docker create` for the database's canary: its container as the provider makes it, for docker's client. */
import { HARDENED } from "../docker/arguments.ts";

/** What the canary needs to know about the service, without limits. */
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

export function trialArguments(trial: Trial): string[] {
  return [
    ...["--read-only", "--init", ...HARDENED],
    ...["--user", trial.user, "--stop-signal", trial.stopSignal],
    // The step probes it.
    "--no-healthcheck",
    ...Object.entries(trial.tmpfs).flatMap(([path, options]) => ["--tmpfs", `${path}:${options}`]),
    ...(trial.sharedMemory === undefined ? [] : ["--shm-size", `${trial.sharedMemory}m`]),
    ...trial.data.flatMap((path) => ["--volume", path]),
    ...Object.entries(trial.env).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
    trial.image,
    ...trial.command,
    // Its log files have the same names as those of the data.
    ...(trial.command.length === 0 ? [] : ["-c", "archive_mode=off"]),
  ];
}

export function limitArguments({ memory, cpus, processes }: Limits): string[] {
  return [
    ...(memory > 0 ? ["--memory", `${memory}m`, "--memory-swap", `${memory}m`] : []),
    // As for the service: docker refuses `--cpus` if the host has fewer.
    ...(cpus > 0 ? ["--cpu-period", "100000", "--cpu-quota", String(Math.round(cpus * 100_000))] : []),
    ...(processes > 0 ? ["--pids-limit", String(processes)] : []),
  ];
}
