/** The arguments of `docker create` for a trial: what the provider makes of a service, as the docker client wants it. */

/** A service as its trial is handed it; files and limits come beside it. */
export interface Trial {
  /** Of the database alone: what of its data a trial has to know. */
  database?: { major: number; name: string; user: string };
  image: string;
  /** Empty where the image's own is meant. */
  command: string[];
  env: Record<string, string>;
  user: string;
  tmpfs: Record<string, string>;
  /** Size of /dev/shm, in megabytes; default: docker's. */
  sharedMemory?: number;
  /** Where the data lies that a trial must never see: it gets an empty volume there. */
  data: string[];
  folders: { path: string; keep: boolean }[];
  stopSignal: string;
  /** The plain probe. */
  probe: string[];
  /** Longest time until it is healthy, in milliseconds. */
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
    ...["--read-only", "--init", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"],
    ...["--user", trial.user, "--stop-signal", trial.stopSignal],
    // Its own health check is left out, and so is what would end it: the step probes it.
    "--no-healthcheck",
    ...Object.entries(trial.tmpfs).flatMap(([path, options]) => ["--tmpfs", `${path}:${options}`]),
    ...(trial.sharedMemory === undefined ? [] : ["--shm-size", `${trial.sharedMemory}m`]),
    ...trial.data.flatMap((path) => ["--volume", path]),
    ...volumes.flatMap((name, index) => ["--volume", `${name}:${trial.folders[index]?.path}`]),
    ...Object.entries(trial.env).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
    trial.image,
    ...trial.command,
    // Its log is not the data's, and has the same names.
    ...(trial.database === undefined || trial.command.length === 0 ? [] : ["-c", "archive_mode=off"]),
  ];
}

export function limitArguments({ memory, cpus, processes }: Limits): string[] {
  return [
    ...(memory > 0 ? ["--memory", `${memory}m`, "--memory-swap", `${memory}m`] : []),
    // As for the service: `--cpus` is refused where the host has fewer.
    ...(cpus > 0 ? ["--cpu-period", "100000", "--cpu-quota", String(Math.round(cpus * 100_000))] : []),
    ...(processes > 0 ? ["--pids-limit", String(processes)] : []),
  ];
}
