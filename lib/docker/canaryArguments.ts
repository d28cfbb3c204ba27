/** The arguments of `docker create` for a canary: the container of a service as the provider makes it, for docker's client. */
import { HARDENED } from "./arguments.ts";

/** What a canary needs to know about its service, without files and limits. */
export interface Trial {
  /** Of the database only: what its data was made with. */
  database?: { major: number; name: string; user: string };
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
  folders: { path: string; keep: boolean }[];
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

/** @param volumes Names of the volumes with its files, in the order of `trial.folders`. */
export function trialArguments(trial: Trial, volumes: string[]): string[] {
  return [
    ...["--read-only", "--init", ...HARDENED],
    ...["--user", trial.user, "--stop-signal", trial.stopSignal],
    // The step probes it. The service's own health check may end its container.
    "--no-healthcheck",
    ...Object.entries(trial.tmpfs).flatMap(([path, options]) => ["--tmpfs", `${path}:${options}`]),
    ...(trial.sharedMemory === undefined ? [] : ["--shm-size", `${trial.sharedMemory}m`]),
    ...trial.data.flatMap((path) => ["--volume", path]),
    ...volumes.flatMap((name, index) => ["--volume", `${name}:${trial.folders[index]?.path}`]),
    ...Object.entries(trial.env).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
    trial.image,
    ...trial.command,
    // Its log files have the same names as those of the data.
    ...(trial.database === undefined || trial.command.length === 0 ? [] : ["-c", "archive_mode=off"]),
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
