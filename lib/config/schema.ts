/** The schema of a stack's configuration: every key, its default, and the message for a wrong value. */
import { z } from "zod";
import application from "../../nix/application.json" with { type: "json" };
import jdkModules from "../../nix/packages/jdk-modules.json" with { type: "json" };
import { settings } from "./databaseSettings.ts";
import {
  backupPlace,
  between,
  containerPath,
  dockerHost,
  domain,
  environment,
  fileContent,
  health,
  like,
  megabytes,
  pem,
  period,
  placement,
  port,
  processors,
  publish,
  replicas,
  roleName,
  scalar,
  servedPath,
  serverName,
  signal,
  sqlName,
  tag,
  text,
  urlPath,
  words,
} from "./fields.ts";

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
    port: port.default(application.back.port),
    publish: publish(8000),
    java: java.default(application.back.java as 17),
    modules: words(moduleName, "is not a list of modules.").default(application.back.modules),
    javaOptions: words(z.string("is not an option of java."), "is not a list of options.").default(
      application.back.javaOptions,
    ),
    properties: z.record(z.string(), scalar).default({}),
    files: z.record(containerPath, fileContent).default({}),
    env: environment.default({}),
    health: health("/health", "1m0s"),
    stopSignal: signal.default("SIGTERM"),
    overlap: z.boolean().default(true),
    replicas,
    placement,
    memory: megabytes.default(512),
    cpus: processors.default(2),
    pin: tag.optional(),
  })
  .prefault({});

const front = z
  .strictObject({
    dist: text("a path", "Name the folder that your front end's build made.").default(application.front.dist),
    port: port.default(application.front.port),
    publish: publish(5173),
    files: z.record(servedPath, fileContent).default({}),
    spa: z.boolean().default(application.front.spa),
    health: health("/", "30s"),
    replicas,
    placement,
    memory: megabytes.default(128),
    cpus: processors.default(1),
    pin: tag.optional(),
  })
  .prefault({});

/** At least what HAProxy takes for 300 connections. */
const GATEWAY_MEMORY = between(64, 1_048_576, "a memory limit. Give whole megabytes, like 128.");

const gateway = z
  .strictObject({
    domain: domain.optional(),
    backPaths: z.array(urlPath, 'is not a list. Write it like ["/api"].').default(["/api"]),
    certificate: pem(
      "CERTIFICATE",
      "is not a certificate. Set the text of its PEM file, with the chain: `pulumi config set --path agatha:gateway.certificate < chain.pem`.",
    ).optional(),
    key: pem(
      "PRIVATE KEY",
      "is not a key. Set the text of its PEM file: `pulumi config set --secret --path agatha:gateway.key < key.pem`.",
    ).optional(),
    /** Longest time that an old container gets to finish its requests. */
    drain: period.default("10s"),
    /** Longest body of a request, in megabytes. */
    requestLimit: between(1, 1_000_000, "a limit. Give whole megabytes, like 100.").default(100),
    memory: GATEWAY_MEMORY.default(128),
    cpus: processors.default(1),
  })
  .prefault({});

/** From 18 on, the official image keeps its data elsewhere. */
const NO_VERSION = "is not a major version of PostgreSQL from 13 to 17. Write it like 17.";

/** A server outside of the stack. `tls` has the words of libpq and pgjdbc (`sslmode`). */
const external = z.strictObject({
  host: serverName,
  port: port.default(5432),
  tls: z
    .enum(
      ["disable", "require", "verify-ca", "verify-full"],
      'is not a kind of TLS. Use "verify-full", "verify-ca", "require" (encrypted, not verified) or "disable".',
    )
    .default("verify-full"),
  ca: pem(
    "CERTIFICATE",
    "is not a certificate. Set the text of the PEM file: `pulumi config set --path agatha:database.external.ca < ca.pem`.",
  ).optional(),
});

export type External = z.infer<typeof external>;

const database = z
  .strictObject({
    version: z.int(NO_VERSION).min(13, NO_VERSION).max(17, NO_VERSION).default(application.database.version),
    image: z
      .strictObject({
        name: text("an image's name", "Write it like postgres."),
        digest: like(/^sha256:[0-9a-f]{64}$/, "is not a digest. Write it like sha256:<64 hex digits>."),
        hash: like(/^sha256-[A-Za-z0-9+/]{43}=$/, "is not a Nix hash. Write it like sha256-<44 characters>."),
      })
      .optional(),
    name: sqlName.default("docker_agatha_db"),
    user: roleName.default("postgres"),
    external: external.optional(),
    settings: settings.default({}),
    publish: publish(),
    memory: megabytes.default(512),
    cpus: processors.default(2),
  })
  .prefault({});

const backups = z
  .strictObject({
    to: backupPlace.optional(),
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
  packages: z.enum(["nixpkgs", "debian"], {
    error: ({ input }) =>
      input === "host"
        ? 'is called "debian" now. Set it: `pulumi config set agatha:packages debian`.'
        : 'is not a package set. Use "nixpkgs" (the pin) or "debian" (this machine\'s Debian packages).',
  }),
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
  dockerHost: dockerHost.optional(),
  target: z
    .enum(["docker", "swarm"], 'is not a target. Use "docker" (one host) or "swarm" (Docker Swarm).')
    .default("docker"),
  registry: registry.optional(),
});

/** As the schema gives it: without what depends on several keys. */
export type Parsed = z.infer<typeof schema>;
type Database = Parsed["database"];

/** The whole configuration, validated, every default filled in. */
export type Config = Omit<Parsed, "database"> & {
  database: Omit<Database, "image"> & { image: NonNullable<Database["image"]> };
};
