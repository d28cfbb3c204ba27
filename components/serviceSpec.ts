/** The description of a service, as plain data. */
import type * as pulumi from "@pulumi/pulumi";
import type { ServiceName } from "../lib/serviceNames.ts";

/** A file in a service's container. */
export interface ServiceFile {
  /** Absolute. */
  path: string;
  /** The file's bytes, in base64, since it may be binary. They may be a secret. */
  content: pulumi.Input<string>;
  /** Whether everybody may read it. Default: no. */
  public?: boolean;
  /** Permissions, in octal. The owner is the service's user. Default: `0400`. */
  mode?: string;
}

/** How docker finds out whether a service works: times as docker writes them (`1m0s`). */
export interface ServiceHealth {
  /** Program and arguments, run in the container; 0 means healthy. */
  command: string[];
  /**
   * Whether the service is ended, and so restarted, when it stays unhealthy. Needs `/bin/agatha-liveness` in its image. Never
   * for a database: a busy one must not be killed.
   */
  liveness: boolean;
  /** Time between two probes. */
  interval: string;
  /** Time in which failed probes do not count. */
  startPeriod: string;
}

/** A port of a container (`internal`), and the docker host's address and port that it is published on. */
export interface PublishedPort {
  internal: number;
  external: number;
  address: string;
}

/** A long-running service of the stack. */
export interface ServiceSpec {
  /** Its name in labels and commands. */
  service: ServiceName;
  /**
   * How a new container takes the place of the old one. `beside`: it starts while the old one serves, and takes over behind the
   * gateway once it is healthy. `after`: likewise, but the old one is stopped first, and started again if the new one fails.
   * `instead`: the old one is removed first, since both have the same name, ports or data.
   */
  replacement: "beside" | "after" | "instead";
  /** How many run at once, and the labels of the nodes that they may run on; the docker host runs one. Default: one, anywhere. */
  spread?: { replicas: number; placement: Record<string, string> };
  /** Its DNS names in the stack's network. */
  aliases: string[];
  /** Reference of its image. */
  image: pulumi.Input<string>;
  /** Program and arguments. Default: the image's own. */
  command?: string[] | undefined;
  /** Environment variables. Never a secret: `docker inspect` shows them. */
  env: Record<string, pulumi.Input<string>>;
  files: ServiceFile[];
  /** The service's own folders: if files are placed in one, nothing of the image is kept there. */
  ownFolders: string[];
  /** Of the database only: the PostgreSQL version of its data, a database in it and a role. */
  database?: { major: number; name: string; user: string };
  /** Named volumes with its data, and where they are mounted. */
  volumes: { name: pulumi.Input<string>; path: string }[];
  /** Folders that it writes to, with mount options. They are empty at each start; everything else is read-only. */
  tmpfs: Record<string, string>;
  /** `uid:gid` that the service runs as. */
  user: string;
  ports: PublishedPort[];
  health: ServiceHealth;
  /** Memory limit, in megabytes. */
  memory: number;
  /** Size of /dev/shm, in megabytes, which counts towards the memory limit. Default: docker's 64. */
  sharedMemory?: number;
  /** Limit, in processors or fractions of one. */
  cpus: number;
  /** Limit on processes and threads. */
  processes: number;
  /** The signal that asks it to end. */
  stopSignal: string;
  /** Seconds between that signal and the kill. */
  stopGraceSeconds: number;
}
