/** The configuration of a gateway's HAProxy, 2.6 and 3.x. Which container serves is not in it: that is set while it runs. */
import type { RollingName } from "../serviceNames.ts";
import { type Behind, backend, RESOLVERS, section, TASK_RESOLVERS, word } from "./backends.ts";

/** The one origin that browsers see, by HTTPS. */
interface Site {
  domain: string;
  /** Paths that the back answers, with all below them; the front has the rest. */
  backPaths: string[];
}

export interface GatewayPlan extends Record<RollingName, Behind> {
  /** Longest body of a request, in megabytes (10^6 bytes). */
  requestLimit: number;
  /** Memory of the container, in megabytes (2^20 bytes). */
  memory: number;
  /** Undefined without a domain. */
  site: Site | undefined;
}

/** The names that the gateway bears in the stack's network. */
export const gatewayAliases = ["agatha-back", "agatha-front"];

/** HAProxy's own memory, in megabytes: measured 9 with this configuration. */
const BASE_MEMORY = 32;

/** Memory of a connection with TLS and a buffer each way, in kilobytes: measured 45 to 75. */
const CONNECTION_MEMORY = 100;

/**
 * Buffers per megabyte of memory, so that their 16 KB take half of it. Without a limit, 6,000 streams of HTTP/2 on 60
 * connections ended a gateway. At the limit requests wait for one another, so `REQUESTS` (backends.ts) keeps them below it.
 */
const BUFFERS = 32;

/** The ports for what is published: above 1023, which everybody may listen on, and never those of the services. */
export function gatewayPorts(services: Record<RollingName, { port: number }>) {
  const taken = [services.back.port, services.front.port];
  const free = [8441, 8442, 8443, 8444, 8445, 8446].filter((port) => !taken.includes(port));
  const [back, front, http, https] = free as [number, number, number, number];
  return { back, front, http, https };
}

/** The text of haproxy.cfg. */
export function gatewayConfiguration(plan: GatewayPlan): string {
  const ports = gatewayPorts(plan);
  const { back, front, site, memory } = plan;
  const inTasks = back.tasks !== undefined || front.tasks !== undefined;
  const limit = `http-request deny deny_status 413 if { req.body_size gt ${plan.requestLimit * 1_000_000} }`;
  const listener = (name: string, listens: number[], ...uses: string[]) =>
    section(`frontend ${name}`, [...listens.map((port) => `bind :${port}`), limit, ...FORWARDED, ...uses]);
  // Both services on one port of the network: the name that was called tells them apart.
  const shared = back.port === front.port ? [back.port] : [];
  const own = (service: RollingName) =>
    [ports[service], plan[service].port].filter((port) => !shared.includes(port));
  const sections = [
    global(memory),
    section("defaults", DEFAULTS),
    section("resolvers docker", RESOLVERS),
    ...(inTasks ? [section("resolvers tasks", TASK_RESOLVERS)] : []),
    listener("to-back", own("back"), "default_backend back"),
    listener("to-front", own("front"), "default_backend front"),
    ...shared.map((port) =>
      listener("inside", [port], `use_backend back if ${calls("agatha-back")}`, "default_backend front"),
    ),
    ...(site === undefined ? [] : [redirect(site, ports.http), origin(site, ports.https, limit)]),
    backend("back", back, memory),
    backend("front", front, memory),
  ];
  return `${sections.join("\n\n")}\n`;
}

const global = (memory: number): string =>
  section("global", [
    "log stdout format raw local0",
    "stats socket /run/agatha/admin.sock mode 600 level admin",
    "server-state-file /var/lib/agatha/servers",
    "nbthread 2",
    `maxconn ${Math.floor(((memory - BASE_MEMORY) * 1024) / CONNECTION_MEMORY)}`,
    `tune.buffers.limit ${memory * BUFFERS}`,
    "hard-stop-after 10s",
    "ssl-default-bind-options ssl-min-ver TLSv1.2",
  ]);

const DEFAULTS = [
  "mode http",
  "log global",
  "option httplog",
  "option dontlognull",
  "option forwardfor",
  "load-server-state-from-file global",
  // A kept connection that a service closes just then would fail a request: each has one of its own.
  "option http-server-close",
  "http-reuse never",
  // Held for 10 times 500 ms, the time limit of a connection and of the pause after one that failed. What reached no
  // server is sent again in any case; a request whose server ended without an answer, if it may be repeated.
  "timeout connect 500ms",
  "retries 10",
  "option redispatch 1",
  "retry-on conn-failure empty-response",
  // Reports may take minutes without a byte.
  "timeout server 5m",
  // For a client that takes nothing of an answer, or stops in the middle of a request. One that waits is not meant.
  "timeout client 1m",
  "timeout tunnel 1h",
  // Slow senders of headers hold a connection no longer than this.
  "timeout http-request 30s",
  // Longer than what clients and other proxies keep idle connections for, mostly a minute: they are the ones to close.
  "timeout http-keep-alive 2m",
  "timeout client-fin 10s",
  "timeout server-fin 10s",
  "timeout check 5s",
  `http-error status 503 content-type text/html string ${word(
    '<!doctype html><meta charset="utf-8"><title>Not available</title><p>This service is not available right now. Please try again in a few seconds.\n',
  )} hdr Retry-After 5`,
];

/** A proxy before this one, such as the host's own, knows better what the client asked for. */
const FORWARDED = [
  "http-request set-header X-Forwarded-Proto http unless { req.hdr(x-forwarded-proto) -m found }",
  "http-request set-header X-Forwarded-Host %[req.hdr(host)] unless { req.hdr(x-forwarded-host) -m found }",
];

/** A condition: the client called this name. */
const calls = (name: string): string => `{ req.hdr(host),host_only -i ${name} }`;

const redirect = ({ domain }: Site, port: number): string =>
  section("frontend http", [
    `bind :${port}`,
    `http-request redirect code 308 location https://${domain}%[pathq]`,
  ]);

const origin = ({ domain, backPaths }: Site, port: number, limit: string): string =>
  section("frontend https", [
    `bind :${port} ssl crt /var/lib/agatha/site.pem alpn h2,http/1.1`,
    // A browser may ask for another name of the certificate on this connection: 421 tells it to use another one.
    `http-request return status 421 content-type text/plain string ${word("This server is not responsible for that name.\n")} unless ${calls(domain)}`,
    limit,
    // Nothing that is to be believed stands before this one.
    "http-request del-header Forwarded",
    "http-request del-header X-Forwarded-For",
    "http-request set-header X-Forwarded-Proto https",
    "http-request set-header X-Forwarded-Host %[req.hdr(host)]",
    "filter compression",
    "compression algo gzip",
    `compression type ${COMPRESSED.join(" ")}`,
    ...Object.entries(SECURITY).map(
      ([name, value]) =>
        `http-after-response set-header ${name} ${word(value)} unless { res.hdr(${name}) -m found }`,
    ),
    ...backPaths.flatMap((path) => {
      const whole = path.replace(/\/+$/, "");
      return [
        ...(whole === "" ? [] : [`use_backend back if { path -m str -- ${word(whole)} }`]),
        `use_backend back if { path -m beg -- ${word(`${whole}/`)} }`,
      ];
    }),
    "default_backend front",
  ]);

/** Text that is not compressed by itself. */
const COMPRESSED = [
  ...["text/html", "text/css", "text/plain", "text/xml", "text/javascript", "application/javascript"],
  ...["application/json", "application/manifest+json", "application/xml", "image/svg+xml"],
];

/** Headers that the application may set otherwise. */
const SECURITY = {
  "Strict-Transport-Security": "max-age=31536000",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "strict-origin-when-cross-origin",
  "X-Frame-Options": "DENY",
};
