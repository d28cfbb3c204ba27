/** The services that a configuration describes. */
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { SITE_PORTS } from "../lib/config/checks.ts";
import { databaseProcesses, settingArguments } from "../lib/config/databaseSettings.ts";
import { type DATABASE, fill, type Urls } from "../lib/config/placeholders.ts";
import type { Config } from "../lib/config/schema.ts";
import { DATA, POSTGRES_USER } from "../lib/database/officialImage.ts";
import { NOBODY } from "../lib/docker/arguments.ts";
import { addressOf, type DockerHost } from "../lib/docker/host.ts";
import { hostName } from "../lib/docker/names.ts";
import type { Published } from "../lib/docker/ports.ts";
import { gatewayAliases, gatewayConfiguration, gatewayPorts } from "../lib/gateway/configuration.ts";
import type { RollingName } from "../lib/serviceNames.ts";
import { renderProperties } from "./javaProperties.ts";
import type { PublishedPort, ServiceFile, ServiceSpec } from "./serviceSpec.ts";

/** The database's DNS name inside the stack's network. */
export const DATABASE_DNS = "agatha-db";
const DATABASE_PORT = 5432;

/** The back's working directory, where it looks for gradle.properties. */
const BACK_HOME = "/home";

/** The folder of `front.files`, which the front serves instead of files in its dist. */
const FRONT_OVERLAY = "/overlay";

/** What is in /tmp counts towards the memory limit: hence a size, an eighth of the sample's limit. */
export const TMP = "rw,noexec,nosuid,nodev,mode=1777,size=64m";

/** The address of a site's ports. */
const EVERYWHERE = "0.0.0.0";

/** Where `agatha-liveness` counts failed probes. */
const LIVENESS_TMPFS = { "/run/agatha": ownTmpfs(NOBODY, "64k") };

/** What a service has unless it says otherwise. */
export const DEFAULTS = {
  ...{ aliases: [], files: [], ownFolders: [], volumes: [], ports: [] },
  user: NOBODY,
  stopSignal: "SIGTERM",
  // Docker's own default, which suits programs without data.
  stopGraceSeconds: 10,
};

export function databaseService(
  config: Config,
  image: pulumi.Input<string>,
  volume: pulumi.Input<string>,
): ServiceSpec {
  const { version, name, user, publish, memory, cpus, settings } = config.database;
  const args = settingArguments(settings);
  return {
    ...DEFAULTS,
    service: "db",
    // Two servers on one data directory destroy it.
    replacement: "instead",
    aliases: [DATABASE_DNS],
    image,
    command: args.length === 0 ? undefined : ["postgres", ...args],
    env: {
      POSTGRES_DB: name,
      POSTGRES_USER: user,
      // Initialisation needs some password. The real one is set over the local socket afterwards, so that the container
      // never has it, and a rotation does not touch the container.
      POSTGRES_PASSWORD_FILE: "/proc/sys/kernel/random/uuid",
    },
    database: { major: version, name, user },
    volumes: [{ name: volume, path: DATA }],
    tmpfs: {
      // The socket and its lock file; the entry point's here documents.
      "/var/run/postgresql": ownTmpfs(POSTGRES_USER, "1m"),
      "/tmp": TMP,
    },
    user: POSTGRES_USER,
    ports: published(publish, DATABASE_PORT),
    health: {
      // Over TCP: while the data directory is initialised, a temporary server answers on the local socket.
      command: ["psql", "-h", "127.0.0.1", "-U", user, "-d", name, "-qtAXc", "select 1"],
      liveness: false,
      interval: "5s",
      startPeriod: "1m0s",
    },
    memory,
    // Parallel queries exchange rows there. The other half is for everything else: without room there, a query fails;
    // without memory, the whole server does. Docker's own is 64 MB.
    sharedMemory: Math.max(64, Math.floor(memory / 2)),
    cpus,
    processes: databaseProcesses(settings),
    // PostgreSQL then aborts running statements and shuts down cleanly; a large checkpoint takes its time.
    stopSignal: "SIGINT",
    stopGraceSeconds: 60,
  };
}

/** @param urls Values of placeholders in its properties. */
export function backService(config: Config, image: pulumi.Input<string>, urls: Urls): ServiceSpec {
  const { back } = config;
  const { address, port } = databaseAddress(config);
  const values: Record<(typeof DATABASE)[number], string> = {
    databaseHost: address,
    databasePort: String(port),
    databaseName: config.database.name,
    databaseUser: config.database.user,
    databasePassword: config.databasePassword,
  };
  const properties = renderProperties(back.properties, { ...values, ...urls });
  return {
    ...rolling(back),
    service: "back",
    replacement: back.overlap ? "beside" : "after",
    image,
    command: ["/bin/agatha-back"],
    env: back.env,
    files: [
      // Secret as a whole, since any of its values may be one. Writable: real back ends rewrite it.
      { path: `${BACK_HOME}/gradle.properties`, content: pulumi.secret(base64(properties)), mode: "0600" },
      ...files(back.files, ""),
    ],
    ownFolders: [BACK_HOME],
    tmpfs: { "/tmp": TMP, ...LIVENESS_TMPFS },
    // 250 threads of Jetty's pool, which Javalin uses, and as many for everything else.
    processes: 512,
    stopSignal: back.stopSignal,
  };
}

/** @param urls Values of placeholders in the texts of its files. */
export function frontService(config: Config, image: pulumi.Input<string>, urls: Urls): ServiceSpec {
  const { front } = config;
  // It serves them.
  const overlaid = files(front.files, `${FRONT_OVERLAY}/`, urls).map((file) => ({ ...file, public: true }));
  return {
    ...rolling(front),
    service: "front",
    replacement: "beside",
    image,
    command: ["/bin/agatha-front", ...(overlaid.length > 0 ? ["--overlay", FRONT_OVERLAY] : [])],
    env: {},
    files: overlaid,
    ownFolders: [FRONT_OVERLAY],
    tmpfs: LIVENESS_TMPFS,
    // Node's 11, and a probe's.
    processes: 64,
  };
}

/** What the back and the front have in common. */
const rolling = ({ port, health, replicas, placement, memory, cpus }: Config[RollingName]) => ({
  ...DEFAULTS,
  spread: { replicas, placement },
  health: {
    command: ["/bin/agatha-probe", String(port), health.path, health.statuses.join(",")],
    liveness: true,
    interval: health.interval,
    startPeriod: health.startPeriod,
  },
  memory,
  cpus,
});

/** @param tasks The DNS name of a service's tasks; undefined if containers are set while it runs. */
export function gatewayService(
  config: Config,
  image: pulumi.Input<string>,
  state: pulumi.Input<string>,
  tasks: (service: RollingName) => string | undefined,
): ServiceSpec {
  const { requestLimit, memory, cpus, domain, backPaths } = config.gateway;
  const back = { ...config.back, tasks: tasks("back") };
  const front = { ...config.front, tasks: tasks("front") };
  const site = domain === undefined ? undefined : { domain, backPaths };
  const configuration = gatewayConfiguration({ back, front, requestLimit, memory, site });
  const inside = gatewayPorts(config);
  const sitePorts = SITE_PORTS.map((port) => ({
    internal: port === 443 ? inside.https : inside.http,
    external: port,
    address: EVERYWHERE,
  }));
  return {
    ...DEFAULTS,
    service: "gateway",
    // Both have the ports.
    replacement: "instead",
    aliases: gatewayAliases,
    image,
    command: ["/bin/agatha-gateway", "run"],
    env: {},
    files: [{ path: "/etc/haproxy/haproxy.cfg", content: base64(configuration), mode: "0444" }],
    ownFolders: ["/etc/haproxy"],
    volumes: [{ name: state, path: "/var/lib/agatha" }],
    tmpfs: LIVENESS_TMPFS,
    ports: [
      ...published(back.publish, inside.back),
      ...published(front.publish, inside.front),
      ...(site === undefined ? [] : sitePorts),
    ],
    health: { command: ["/bin/agatha-gateway", "alive"], liveness: true, interval: "5s", startPeriod: "30s" },
    memory,
    cpus,
    // HAProxy's two, and conversations with it.
    processes: 64,
    // It takes no new connection, and finishes the requests that it has.
    stopSignal: "SIGUSR1",
  };
}

const published = (publish: Config["back"]["publish"], internal: number): PublishedPort[] =>
  publish === false ? [] : [{ internal, external: publish.port, address: publish.address }];

/** The ports that are published on the docker host, each with its key. */
export function publishedPorts(config: Config): Published[] {
  const configured = (["back", "front", "database"] as const).flatMap((service) => {
    const { publish } = config[service];
    const container = hostName(service === "database" ? "db" : "gateway");
    return publish === false ? [] : [{ key: `agatha:${service}.publish.port`, container, ...publish }];
  });
  const site = { key: "agatha:gateway.domain", container: hostName("gateway"), address: EVERYWHERE };
  const ofSite = config.gateway.domain === undefined ? [] : SITE_PORTS;
  return [...configured, ...ofSite.map((port) => ({ ...site, port }))];
}

/** `user@address/name`; the address that the stack's services use if the database is not published. */
export function databaseLocation(config: Config, host: Pick<DockerHost, "address">): string {
  const { name, user, publish } = config.database;
  return `${user}@${addressOf(publish || databaseAddress(config), host)}/${name}`;
}

/** Where the stack's services find the database. */
function databaseAddress({ database: { external } }: Config): { address: string; port: number } {
  return { address: external?.host ?? DATABASE_DNS, port: external?.port ?? DATABASE_PORT };
}

/** @param values Filled into the texts; a file of the project is taken as it is. */
function files(given: Config["back"]["files"], prefix: string, values: Urls = {}): ServiceFile[] {
  return Object.entries(given).map(([path, content]) => ({
    path: `${prefix}${path}`,
    content: base64("file" in content ? readFileSync(content.file) : fill(content.text, values)),
  }));
}

export const base64 = (bytes: Buffer | string): string => Buffer.from(bytes).toString("base64");

/** Options of a folder in memory that only its user can use. */
function ownTmpfs(user: string, size: string): string {
  const [uid, gid] = user.split(":");
  return `rw,noexec,nosuid,nodev,mode=0700,uid=${uid},gid=${gid},size=${size}`;
}
