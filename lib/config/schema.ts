/** The schema of a stack's configuration: every key, its default, and the message for a wrong value. */
import { z } from "zod";
import application from "../../nix/application.json" with { type: "json" };
import jdkModules from "../../nix/packages/jdk-modules.json" with { type: "json" };
import { settings } from "./databaseSettings.ts";
import * as kind from "./fields.ts";
import { between, health, like, pem, publish, text, words } from "./fields.ts";

/** Generations that the history lists; older ones are forgotten. */
export const LISTED = 20;

/** The long-term releases from 17 on, which Flyway 12 needs: of the others nixpkgs keeps none for longer than half a year. */
const java = z.literal([17, 21, 25], "is not a supported Java release. Use 17, 21 or 25.");

const moduleName = z
  .string("is not a module's name. Write it like java.sql.")
  .refine((name) => Object.hasOwn(jdkModules, name), "is no module of the JDK. Take it out of back.modules.");

const back = z
  .strictObject({
    jar: text("a path", "Name your uber jar.").default(application.back.jar),
    migrations: text("a path", "Name the folder of your V*.sql files.").default(application.back.migrations),
    port: kind.port.default(application.back.port),
    publish: publish(8000),
    java: java.default(application.back.java as 17),
    modules: words(moduleName, "is not a list of modules.").default(application.back.modules),
    javaOptions: words(z.string("is not an option of java."), "is not a list of options.").default(
      application.back.javaOptions,
    ),
    properties: z.record(z.string(), kind.scalar).default({}),
    files: z.record(kind.containerPath, kind.fileContent).default({}),
    env: kind.environment.default({}),
    health: health("/health", "1m0s"),
    stopSignal: kind.signal.default("SIGTERM"),
    overlap: z.boolean().default(true),
    replicas: kind.replicas,
    placement: kind.placement,
    memory: kind.megabytes.default(512),
    cpus: kind.processors.default(2),
    pin: kind.tag.optional(),
  })
  .prefault({});

const front = z
  .strictObject({
    dist: text("a path", "Name the folder that your front end's build made.").default(application.front.dist),
    port: kind.port.default(application.front.port),
    publish: publish(5173),
    files: z.record(kind.servedPath, kind.fileContent).default({}),
    spa: z.boolean().default(application.front.spa),
    health: health("/", "30s"),
    replicas: kind.replicas,
    placement: kind.placement,
    memory: kind.megabytes.default(128),
    cpus: kind.processors.default(1),
    pin: kind.tag.optional(),
  })
  .prefault({});

/** At least what HAProxy takes for 300 connections. */
const GATEWAY_MEMORY = between(64, 1_048_576, "a memory limit. Give whole megabytes, like 128.");

const gateway = z
  .strictObject({
    domain: kind.domain.optional(),
    backPaths: z.array(kind.urlPath, 'is not a list. Write it like ["/api"].').default(["/api"]),
    certificate: pem("CERTIFICATE", "--path agatha:gateway.certificate < chain.pem").optional(),
    key: pem("PRIVATE KEY", "--secret --path agatha:gateway.key < key.pem").optional(),
    /** Longest time that an old container gets to finish its requests. */
    drain: kind.period.default("10s"),
    /** Longest body of a request, in megabytes. */
    requestLimit: between(1, 1_000_000, "a limit. Give whole megabytes, like 100.").default(100),
    memory: GATEWAY_MEMORY.default(128),
    cpus: kind.processors.default(1),
  })
  .prefault({});

/** From 18 on, the official image keeps its data elsewhere. */
const NO_VERSION = "is not a major version of PostgreSQL from 13 to 17. Write it like 17.";

/** A server outside of the stack. `tls` has the words of libpq and pgjdbc (`sslmode`). */
const external = z.strictObject({
  host: kind.serverName,
  port: kind.port.default(5432),
  tls: z
    .enum(
      ["disable", "require", "verify-ca", "verify-full"],
      'is not a kind of TLS. Use "verify-full", "verify-ca", "require" (encrypted, not verified) or "disable".',
    )
    .default("verify-full"),
  ca: pem("CERTIFICATE", "--path agatha:database.external.ca < ca.pem").optional(),
});

export type External = z.infer<typeof external>;

const database = z
  .strictObject({
    version: kind.whole(13, 17, NO_VERSION).default(application.database.version),
    image: z
      .strictObject({
        name: text("an image's name", "Write it like postgres."),
        digest: like(/^sha256:[0-9a-f]{64}$/, "is not a digest. Write it like sha256:<64 hex digits>."),
        hash: like(/^sha256-[A-Za-z0-9+/]{43}=$/, "is not a Nix hash. Write it like sha256-<44 characters>."),
      })
      .default(application.database.image),
    name: kind.sqlName.default("docker_agatha_db"),
    user: kind.roleName.default("postgres"),
    external: external.optional(),
    settings: settings.default({}),
    publish: publish(),
    memory: kind.megabytes.default(512),
    cpus: kind.processors.default(2),
  })
  .prefault({});

const backups = z
  .strictObject({
    to: kind.backupPlace.optional(),
    keep: between(1, 1000, "a number of backups. Give a whole number, like 5.").default(5),
  })
  .prefault({});

const registry = z.strictObject({
  address: like(
    /^(\[[\da-f:]+\]|[\w.-]+)(:\d{1,5})?$/i,
    'is not a registry\'s address. Write it like "registry.example" or "10.0.0.1:5000".',
  ),
  repository: like(
    /^[a-z\d]+([._/-]+[a-z\d]+)*$/,
    'is not a repository. Write it like "team/agatha".',
  ).default("agatha"),
  username: text("a user's name", "Name the user that logs in.").optional(),
  password: like(
    /./s,
    "is not a password. Set one: `pulumi config set --secret --path agatha:registry.password`.",
  ).optional(),
  insecure: z.boolean().default(false),
});

/** What `loadConfig` takes. */
export const schema = z.strictObject({
  packages: z.enum(
    ["nixpkgs", "debian"],
    'is not a package set. Use "nixpkgs" (the pin) or "debian" (this machine\'s Debian packages, once called "host"), also in AGATHA_PACKAGES.',
  ),
  back,
  front,
  gateway,
  database,
  backups,
  databasePassword: z
    .string("is not a password.")
    .regex(/./s, "is empty. Give one by `pulumi config set --secret agatha:databasePassword`.")
    .regex(/^[^\0\r\n]*$/, "holds a line break. Give a password of one line."),
  keep: between(1, LISTED, "a number of generations. Give a whole number, like 5.").default(5),
  dockerHost: kind.dockerHost.optional(),
  target: z
    .enum(["docker", "swarm"], 'is not a target. Use "docker" (one host) or "swarm" (Docker Swarm).')
    .default("docker"),
  registry: registry.optional(),
});

/** The whole configuration, validated, every default filled in. */
export type Config = z.infer<typeof schema>;
