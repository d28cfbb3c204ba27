/** The three services that a configuration describes. */
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import type { PLACEHOLDERS } from "../lib/config/checks.ts";
import { databaseProcesses, settingArguments } from "../lib/config/databaseSettings.ts";
import type { Health } from "../lib/config/fields.ts";
import type { Config } from "../lib/config/schema.ts";
import { hostName } from "../lib/docker/names.ts";
import type { Published } from "../lib/docker/ports.ts";
import { renderProperties } from "./javaProperties.ts";
import type { Service, ServiceFile, ServiceHealth } from "./service.ts";

/** DNS names and ports inside the stack's network: the seed's. */
const DATABASE_HOST = "agatha-db";
const DATABASE_PORT = 5432;
const BACK_HOST = "agatha-back";
const FRONT_HOST = "agatha-front";

/** `nobody` and its group, who own nothing. */
const NOBODY = "65534:65534";

/** The user of the official PostgreSQL image, whom a volume's files belong to. */
const POSTGRES_USER = "999:999";

/** Where the back runs, and so where it looks for gradle.properties. */
const BACK_HOME = "/home";

/** Where `front.files` lie: the front serves what is in here in place of what is in its dist. */
const FRONT_OVERLAY = "/overlay";

/**
 * Processes and threads. The back: the 250 threads of Jetty's pool, on which Javalin runs, and as many for the rest of
 * it; the front: Node's 11 and a probe's.
 */
const PROCESSES = { back: 512, front: 64 };

/** Docker's own size of /dev/shm, in megabytes. */
const LEAST_SHARED_MEMORY = 64;

/** What a program may leave in /tmp counts against its memory limit: hence a size, here of the sample's an eighth. */
const TMP = "rw,noexec,nosuid,nodev,mode=1777,size=64m";

/** PostgreSQL ends cleanly on SIGINT after the running statements were aborted; a large checkpoint takes its time. */
const DATABASE_GRACE_SECONDS = 60;

/** Docker's own default for a stop, which suits programs without data. */
const GRACE_SECONDS = 10;

/** What `agatha-liveness` counts. */
const LIVENESS_TMPFS = { "/run/agatha": ownTmpfs(NOBODY, "64k") };

export function databaseService(
  config: Config,
  image: pulumi.Input<string>,
  volume: pulumi.Input<string>,
): Service {
  const { version, name, user, publish, memory, cpus, settings } = config.database;
  const args = settingArguments(settings);
  return {
    service: "db",
    hostname: DATABASE_HOST,
    image,
    ...(args.length === 0 ? {} : { command: ["postgres", ...args] }),
    env: {
      POSTGRES_DB: name,
      POSTGRES_USER: user,
      // Only so that initialisation has some password: the real one is set over the local socket afterwards,
      // so the container never holds it and a rotation does not touch the container.
      POSTGRES_PASSWORD_FILE: "/proc/sys/kernel/random/uuid",
    },
    files: [],
    ownFolders: [],
    database: { major: version, name, user },
    volumes: [{ name: volume, path: "/var/lib/postgresql/data" }],
    tmpfs: {
      // The socket and its lock file; the entry point's here documents.
      "/var/run/postgresql": ownTmpfs(POSTGRES_USER, "1m"),
      "/tmp": TMP,
    },
    user: POSTGRES_USER,
    port: DATABASE_PORT,
    publish,
    health: {
      // Over TCP: while the data directory is initialised, a temporary server answers on the local socket.
      command: ["psql", "-h", "127.0.0.1", "-U", user, "-d", name, "-qtAXc", "select 1"],
      liveness: false,
      interval: "5s",
      startPeriod: "1m0s",
    },
    memory,
    // Parallel queries exchange their rows there. The other half is left for everything else: without room there, a query
    // fails; without memory, the whole server does.
    sharedMemory: Math.max(LEAST_SHARED_MEMORY, Math.floor(memory / 2)),
    cpus,
    processes: databaseProcesses(settings),
    stopSignal: "SIGINT",
    stopGraceSeconds: DATABASE_GRACE_SECONDS,
  };
}

export function backService(config: Config, image: pulumi.Input<string>): Service {
  const { back } = config;
  return {
    service: "back",
    hostname: BACK_HOST,
    image,
    command: ["/bin/agatha-back"],
    env: back.env,
    files: [
      // Writable: real back ends rewrite it.
      { path: `${BACK_HOME}/gradle.properties`, content: backProperties(config), mode: "0600" },
      ...files(back.files, ""),
    ],
    ownFolders: [BACK_HOME],
    volumes: [],
    tmpfs: { "/tmp": TMP, ...LIVENESS_TMPFS },
    user: NOBODY,
    port: back.port,
    publish: back.publish,
    health: httpHealth(back.port, back.health),
    memory: back.memory,
    cpus: back.cpus,
    processes: PROCESSES.back,
    stopSignal: back.stopSignal,
    stopGraceSeconds: GRACE_SECONDS,
  };
}

export function frontService(config: Config, image: pulumi.Input<string>): Service {
  const { front } = config;
  const overlaid = files(front.files, `${FRONT_OVERLAY}/`);
  return {
    service: "front",
    hostname: FRONT_HOST,
    image,
    command: ["/bin/agatha-front", ...(overlaid.length > 0 ? ["--overlay", FRONT_OVERLAY] : [])],
    env: {},
    files: overlaid,
    ownFolders: [FRONT_OVERLAY],
    volumes: [],
    tmpfs: LIVENESS_TMPFS,
    user: NOBODY,
    port: front.port,
    publish: front.publish,
    health: httpHealth(front.port, front.health),
    memory: front.memory,
    cpus: front.cpus,
    processes: PROCESSES.front,
    stopSignal: "SIGTERM",
    stopGraceSeconds: GRACE_SECONDS,
  };
}

/** The ports that are published on the docker host, each with its key. */
export function publishedPorts(config: Config): Published[] {
  return (["back", "front", "database"] as const).flatMap((service) => {
    const { publish } = config[service];
    const container = hostName(service === "database" ? "db" : service);
    return publish === false ? [] : [{ key: `agatha:${service}.publish.port`, container, ...publish }];
  });
}

/** `user@host:port/name`; without an address, as it is reached inside the stack's network. */
export function databaseLocation(config: Config, address: string | undefined): string {
  const { name, user } = config.database;
  return `${user}@${address ?? `${DATABASE_HOST}:${DATABASE_PORT}`}/${name}`;
}

function httpHealth(port: number, health: Health): ServiceHealth {
  return {
    command: ["/bin/agatha-probe", String(port), health.path, health.statuses.join(",")],
    liveness: true,
    interval: health.interval,
    startPeriod: health.startPeriod,
  };
}

function files(given: Config["back"]["files"], prefix: string): ServiceFile[] {
  return Object.entries(given).map(([path, content]) => ({
    path: `${prefix}${path}`,
    content: base64("file" in content ? readFileSync(content.file) : content.text),
  }));
}

/** `gradle.properties` of the back. A secret as a whole, since any of its values may be one. */
function backProperties(config: Config): pulumi.Output<string> {
  return pulumi.secret(base64(renderProperties(config.back.properties, placeholders(config))));
}

const base64 = (bytes: Buffer | string): string => Buffer.from(bytes).toString("base64");

/** A folder in memory that its user alone can use. */
function ownTmpfs(user: string, size: string): string {
  const [uid, gid] = user.split(":");
  return `rw,noexec,nosuid,nodev,mode=0700,uid=${uid},gid=${gid},size=${size}`;
}

function placeholders(config: Config): Record<(typeof PLACEHOLDERS)[number], string> {
  return {
    databaseHost: DATABASE_HOST,
    databasePort: String(DATABASE_PORT),
    databaseName: config.database.name,
    databaseUser: config.database.user,
    databasePassword: config.databasePassword,
  };
}
