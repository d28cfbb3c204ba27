/** What a service is, as plain data: what realises it on a docker host is DockerService. */
import type * as pulumi from "@pulumi/pulumi";

/** A file that a service finds in its container; its content may be a secret. */
export interface ServiceFile {
  /** Absolute path in the container. */
  path: string;
  /** The file's bytes, in base64: it may be a key store. */
  content: pulumi.Input<string>;
  /** Permissions, in octal. The owner is the service's user. Default: `0400`. */
  mode?: string;
}

/** How docker finds out that the service works. */
export interface ServiceHealth {
  /** Program and arguments, run in the container; 0 means healthy. */
  command: string[];
  /**
   * Whether the service is ended, and so started again, when it no longer gets healthy by itself. It takes
   * `/bin/agatha-liveness` in its image. Never for a database: one that is busy must not be killed.
   */
  liveness: boolean;
  /** Time between two probes, as docker writes it (`5s`). */
  interval: string;
  /** Time in which failing probes do not count, as docker writes it (`1m0s`). */
  startPeriod: string;
}

/** A long-running service of the stack. */
export interface Service {
  /** Its name in labels, commands and messages. */
  service: "db" | "back" | "front";
  /** Its DNS name in the stack's network. */
  hostname: string;
  /** Reference of its image. */
  image: pulumi.Input<string>;
  /** Program and arguments; the image's own where left out. */
  command?: string[];
  /** Environment variables. Never a secret: `docker inspect` shows them. */
  env: Record<string, pulumi.Input<string>>;
  files: ServiceFile[];
  /** Folders that are the service's own: nothing of the image in them is kept where files come into them. */
  ownFolders: string[];
  /** Of the database alone: the data's major version of PostgreSQL, a database in it and a role. */
  database?: { major: number; name: string; user: string };
  /** Named volumes with its data, and where they are mounted. */
  volumes: { name: pulumi.Input<string>; path: string }[];
  /** Folders that it writes to and that are empty at each start, with the options of their mount; the rest is read-only. */
  tmpfs: Record<string, string>;
  /** `uid:gid` that the service runs as. */
  user: string;
  /** Port it listens on in the container. */
  port: number;
  /** Where the port is published on the host, or false. */
  publish: { address: string; port: number } | false;
  health: ServiceHealth;
  /** Limit, in megabytes. */
  memory: number;
  /** Size of /dev/shm, in megabytes; what is in it counts as the service's memory. Default: docker's 64. */
  sharedMemory?: number;
  /** Limit, in processors; a fraction is a share of one. */
  cpus: number;
  /** Limit, in processes and threads. */
  processes: number;
  /** Signal that asks it to end. */
  stopSignal: string;
  /** Seconds between that signal and the kill. */
  stopGraceSeconds: number;
}
