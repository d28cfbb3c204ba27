/** The services behind a gateway in HAProxy's configuration: how they are found, asked for their health, and limited. */
import { MOST_REPLICAS } from "../config/fields.ts";
import { seconds } from "../duration.ts";

export const section = (head: string, lines: string[]): string =>
  [head, ...lines.map((line) => `  ${line}`)].join("\n");

/** A text as one word of the configuration. */
export const word = (text: string): string => text.replace(/[\\"'# ]/g, "\\$&").replaceAll("\n", "\\n");

/** A service behind the gateway. */
export interface Behind {
  /** The port that it listens on, which is also the one that the gateway serves it on inside the network. */
  port: number;
  /** The DNS name of its tasks in a swarm. Default: its containers are set while the gateway runs. */
  tasks?: string | undefined;
  health: {
    /** A URL path. */
    path: string;
    /** The answers that mean ready. */
    statuses: number[];
    /** A canonical duration. */
    interval: string;
  };
}

/** What a slot without a container resolves, since HAProxy drops the address of a name that is not found: the gateway itself. */
export const idleName = (backend: string): string => `agatha-${backend}`;

/** The gateway's container follows, by this name, what it asks a service's containers: the end of their probe's arguments. */
export const checkOf = (backend: string): string => `${backend}-check`;

/** Requests that a service has at once, per megabyte of memory: each takes up to three buffers, and there are two services. */
const REQUESTS = 5;

/** Longest time between two checks, in seconds: HAProxy's default. They notice a restart between two requests. */
const MOST_BETWEEN_CHECKS = 2;

export const RESOLVERS = [
  "nameserver dns 127.0.0.11:53",
  // Time between two questions for a name.
  "timeout resolve 500ms",
  "timeout retry 1s",
  "resolve_retries 3",
  // A service that is away keeps its address: once it had none, HAProxy would send it requests again before its first check.
  // A container that runs while docker's daemon, and so its DNS, does not, is served all the same.
  ...["nx", "other", "refused", "timeout"].map((answer) => `hold ${answer} 1h`),
];

/** Answers for `TASKS` addresses are longer than the 512 bytes that DNS has without asking for more. */
export const TASK_RESOLVERS = [
  "nameserver dns 127.0.0.11:53",
  "accepted_payload_size 8192",
  // A task that ends leaves docker's DNS 2 s before its stop signal (moby, defaultGossipConvergeDelay).
  "timeout resolve 300ms",
  "timeout retry 1s",
  "resolve_retries 3",
  "hold obsolete 0s",
  // Its address may soon be another one's. A docker daemon that starts again answers within this time.
  "hold nx 10s",
  ...["other", "refused", "timeout"].map((answer) => `hold ${answer} 1h`),
];

/** Places for tasks: the most that a service has, and some that take over. */
const TASKS = MOST_REPLICAS + 4;

/**
 * Two slots, and a server that refuses every connection: without one, requests would get 503 at once while no slot is ready.
 * A slot begins with an address that no connection leaves for: HAProxy takes one by its socket only in place of another one.
 */
export const backend = (name: string, { port, health, tasks }: Behind, memory: number): string =>
  section(`backend ${name}`, [
    `http-request return status 503 hdr Retry-After 5 if { be_conn gt ${memory * REQUESTS} }`,
    "http-request disable-l7-retry unless { method GET HEAD OPTIONS TRACE PUT DELETE }",
    "option httpchk",
    // What `agatha-probe` sends: a service that refuses other hosts accepts that one, or its container is not healthy either.
    `http-check send meth GET uri ${word(health.path)} ver HTTP/1.1 hdr Host 127.0.0.1:${port} hdr User-Agent agatha-gateway`,
    `http-check expect status ${health.statuses.join(",")}`,
    // A refused connection takes a service away at once, for it is restarting; three failing checks in a row do so too. Its
    // health path brings it back.
    `default-server check inter ${Math.min(seconds(health.interval), MOST_BETWEEN_CHECKS)}s fastinter 200ms downinter 200ms rise 1 fall 3 observe layer4 error-limit 1 on-error mark-down ${tasks === undefined ? "resolvers docker resolve-prefer ipv4 resolve-opts allow-dup-ip init-addr 255.255.255.255" : "resolvers tasks resolve-prefer ipv4 init-addr none"}`,
    ...(tasks === undefined
      ? ["blue", "green"].map((slot) => `server ${slot} ${idleName(name)}:${port} disabled`)
      : [`server-template task 1-${TASKS} ${tasks}:${port}`]),
    "server none 127.0.0.1:1 no-check backup",
  ]);
