/** The stack's configuration: every key, its default, and what is wrong with what was given. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import {
  fileErrors,
  imageErrors,
  placeholderErrors,
  portErrors,
  registryErrors,
} from "./components/configChecks.ts";
import { describeIssue, secretEnvironment, secretPaths } from "./components/configErrors.ts";
import {
  atLeast,
  backupPlace,
  containerPath,
  dockerHost,
  environment,
  fileContent,
  health,
  megabytes,
  port,
  processors,
  publish,
  roleName,
  scalar,
  servedPath,
  signal,
  sqlName,
  tag,
  text,
  words,
} from "./components/configFields.ts";
import { collect } from "./components/configKeys.ts";
import { NAMESPACE } from "./components/configText.ts";
import { secretSettings, settings } from "./components/databaseSettings.ts";
import { LISTED } from "./components/generations.ts";
import { lostTexts } from "./components/stackFileTexts.ts";
import { UserError } from "./components/userError.ts";
import application from "./nix/application.json" with { type: "json" };
import jdkModules from "./nix/packages/jdk-modules.json" with { type: "json" };

/** Stacks for which a person has to choose what has a default elsewhere (`packages`, `databasePassword`). */
export const DEMANDING_STACKS = ["staging", "prod"];

/** What the sample's back wants to be told, and no other one. */
export const SAMPLE_BACK = {
  properties: {
    serverPort: String(application.back.port),
    databaseUrl: "jdbc:postgresql://${databaseHost}:${databasePort}/${databaseName}",
    databaseUser: "${databaseUser}",
    databasePassword: "${databasePassword}",
  },
  files: { "/home/logback.xml": { file: "sample/logback.xml" } },
};

/** Whether a path that is configured, or is not, is the sample's. */
export const isSample = (path: unknown, sample: string): boolean =>
  path === undefined || (typeof path === "string" && resolve(path) === resolve(sample));

/** The long-term releases from 17 on: of the others nixpkgs keeps none for longer than half a year. */
const JAVA_RELEASES = [17, 21, 25] as const;
const JAVA_MEND = `is not a Java release that can be had. Use ${JAVA_RELEASES.slice(0, -1).join(", ")} or ${JAVA_RELEASES.at(-1)}.`;

const back = z
  .strictObject({
    jar: text("a path", "Name your uber jar.").default(application.back.jar),
    migrations: text("a path", "Name the folder of your V*.sql files.").default(application.back.migrations),
    port: port.default(application.back.port),
    publish: publish(8000),
    // What nixpkgs keeps; Flyway 12 needs 17.
    java: z.literal(JAVA_RELEASES, JAVA_MEND).default(application.back.java as 17),
    modules: words(
      z
        .string("is not a module's name. Write it like java.sql.")
        .refine(
          (name) => Object.hasOwn(jdkModules, name),
          "is no module of the JDK. Take it out of back.modules.",
        ),
      "is not a list of modules.",
    ).default(application.back.modules),
    javaOptions: words(z.string("is not an option of java."), "is not a list of options.").default(
      application.back.javaOptions,
    ),
    properties: z.record(z.string(), scalar, "is not a map of names to values.").default({}),
    files: z.record(containerPath, fileContent, "is not a map of paths to files.").default({}),
    env: environment.default({}),
    health: health({ path: "/health", statuses: [200], interval: "5s", startPeriod: "1m0s" }),
    stopSignal: signal.default("SIGTERM"),
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
    files: z.record(servedPath, fileContent, "is not a map of paths to files.").default({}),
    spa: z.boolean("is not true or false.").default(application.front.spa),
    health: health({ path: "/", statuses: [200], interval: "5s", startPeriod: "30s" }),
    memory: megabytes.default(128),
    cpus: processors.default(1),
    pin: tag.optional(),
  })
  .prefault({});

/** From 18 on, the official image keeps its data elsewhere. */
const VERSION_MEND = "is not a major version of PostgreSQL from 13 to 17. Write it like 17.";

const database = z
  .strictObject({
    version: z
      .int(VERSION_MEND)
      .min(13, VERSION_MEND)
      .max(17, VERSION_MEND)
      .default(application.database.version),
    image: z
      .strictObject({
        name: text("an image's name", "Write it like postgres."),
        digest: z
          .string("is not a digest.")
          .regex(/^sha256:[0-9a-f]{64}$/, "is not a digest. Write it like sha256:<64 hex digits>."),
        hash: z
          .string("is not a hash.")
          .regex(/^sha256-[A-Za-z0-9+/]{43}=$/, "is not a Nix hash. Write it like sha256-<44 characters>."),
      })
      .optional(),
    name: sqlName.default("docker_agatha_db"),
    user: roleName.default("postgres"),
    settings: settings.default({}),
    publish: publish(undefined),
    memory: megabytes.default(512),
    cpus: processors.default(2),
  })
  .prefault({});

const backups = z
  .strictObject({
    to: backupPlace.optional(),
    keep: z
      .int("is not a number of backups. Give a whole number, like 5.")
      .min(1, "keeps no backup. Give at least 1.")
      .max(1000, "is more backups than 1000. Give fewer.")
      .default(5),
  })
  .prefault({});

const registry = z.strictObject({
  address: z
    .string("is not a registry's address.")
    .regex(
      /^(\[[\da-f:]+\]|[\w.-]+)(:\d{1,5})?$/i,
      'is not a registry\'s address. Write it like "registry.example" or "10.0.0.1:5000".',
    ),
  repository: z
    .string("is not a repository.")
    .regex(/^[a-z\d]+([._/-]+[a-z\d]+)*$/, 'is not a repository. Write it like "team/agatha".')
    .default("agatha"),
  username: text("a user's name", "Name the user that logs in.").optional(),
  password: z
    .string("is not a password.")
    .refine(...atLeast(1, "is empty."))
    .optional(),
  insecure: z.boolean("is not true or false.").default(false),
});

/** What `loadConfig` takes. */
export const schema = z.strictObject({
  packages: z.enum(
    ["nixpkgs", "host"],
    'is not a package set. Use "nixpkgs" (the pin) or "host" (this host\'s Debian packages).',
  ),
  back,
  front,
  database,
  backups,
  databasePassword: z
    .string("is not a password.")
    .refine(...atLeast(1, "is empty. Give one by `pulumi config set --secret agatha:databasePassword`."))
    .regex(/^[^\0\r\n]*$/, "holds a line break. Give a password of one line."),
  keep: z
    .int("is not a number of generations. Give a whole number, like 5.")
    .min(1, "is too few: what runs is one. Keep at least 1.")
    .max(LISTED, `is more than the history lists. Keep at most ${LISTED}.`)
    .default(5),
  dockerHost: dockerHost.optional(),
  registry: registry.optional(),
});

/** As the schema gives it: without what depends on several keys. */
export type Parsed = z.infer<typeof schema>;
type Database = Parsed["database"];

/** The whole configuration, validated, every default filled in. */
export type Config = Omit<Parsed, "database"> & {
  database: Omit<Database, "image"> & { image: NonNullable<Database["image"]> };
};

/** Where a value came from that the stack's config does not hold. */
export interface Surroundings {
  stack: string;
  /** `AGATHA_PACKAGES`, the package set that set-up found usable. */
  packages: string | undefined;
  /** The password that set-up made for this stack, where it did. */
  password: string | undefined;
  /** Variables of `back.env` that the stack's file has as secrets. Default: none is known. */
  secretEnv?: string[];
  /** The text of the stack's file. Default: none is known. */
  file?: string | undefined;
  /** Tells whether a path, relative to the project, exists. Default: the file system's answer. */
  exists?: (path: string) => boolean;
}

/** Errors that are told at once: more are of no help. */
const TOLD = 50;

/** Every error of a configuration at once. */
export class ConfigError extends UserError {
  readonly errors: string[];
  constructor(errors: string[]) {
    const more = errors.length - TOLD;
    const told = errors.slice(0, TOLD);
    if (more > 0) told.push(`${NAMESPACE}: ${more} more errors are not shown. Fix these first.`);
    super(told.join("\n"));
    this.errors = told;
  }
}

/**
 * Reads, validates and completes a stack's configuration.
 *
 * @param raw What Pulumi holds, `agatha:key` to text; other namespaces are left alone.
 * @throws ConfigError with all errors, each `agatha:<key>: <received> <what is wrong>. <The fix>.`
 */
export function loadConfig(raw: Record<string, string>, surroundings: Surroundings): Config {
  const errors: string[] = [];
  const given = collect(raw, NAMESPACE, errors);
  errors.push(...lostTexts(surroundings.file ?? ""));
  if (!DEMANDING_STACKS.includes(surroundings.stack)) {
    given["packages"] ??= surroundings.packages ?? "nixpkgs";
    given["databasePassword"] ??= surroundings.password;
  }
  const lacking = completeBack(given);
  for (const [key, fix] of Object.entries(REQUIRED)) {
    if (given[key] === undefined && !Object.hasOwn(raw, `${NAMESPACE}:${key}`))
      errors.push(`${NAMESPACE}:${key}: is missing on stack "${surroundings.stack}". ${fix}`);
  }
  const parsed = schema.safeParse(given, { reportInput: true });
  if (!parsed.success) {
    const missing = Object.keys(REQUIRED).filter((key) => given[key] === undefined);
    const issues = parsed.error.issues.filter((issue) => !missing.includes(String(issue.path[0])));
    const isSecret = secretPaths(NAMESPACE, raw);
    errors.push(...issues.flatMap((issue) => describeIssue(NAMESPACE, issue, keysAt, isSecret)));
    throw new ConfigError(errors);
  }
  // The pinned image is the default version's; what `host` has of another version, no digest says.
  const { image = application.database.image } = parsed.data.database;
  const config: Config = { ...parsed.data, database: { ...parsed.data.database, image } };
  errors.push(
    ...secretEnvironment(NAMESPACE, raw, Object.keys(config.back.env), surroundings.secretEnv ?? []),
    ...secretSettings(raw, config.database.settings),
    ...registryErrors(config),
    ...imageErrors(parsed.data),
    ...portErrors(config),
    ...placeholderErrors(config),
    ...fileErrors(config, surroundings.exists ?? existsSync),
    ...lacking,
  );
  if (errors.length > 0) throw new ConfigError(errors);
  return config;
}

/** Gives the sample's back what it wants; another one is not given the sample's migrations either. */
function completeBack(given: Record<string, unknown>): string[] {
  const { back = {} } = given;
  if (typeof back !== "object" || back === null || Array.isArray(back)) return [];
  const { jar, migrations, pin } = back as Record<string, unknown>;
  if (isSample(jar, application.back.jar)) given["back"] = { ...SAMPLE_BACK, ...back };
  else if (migrations === undefined && pin === undefined)
    return [
      `${NAMESPACE}:back.migrations: is missing, and back.jar is not the sample's. Name the folder of your V*.sql files.`,
    ];
  return [];
}

const REQUIRED: Record<string, string> = {
  packages: 'Set it: `pulumi config set agatha:packages nixpkgs` (or "host").',
  databasePassword:
    "Set it: `pulumi config set --secret agatha:databasePassword`, or let it be made: by `npm run up` on stack dev, by `npm run stack -- new NAME` on a new stack.",
};

/** The keys that the schema knows at a path, for "did you mean". */
function keysAt(path: PropertyKey[]): string[] {
  let at: z.core.$ZodType | undefined = schema;
  for (const part of path) at = objectIn(at)?.shape[String(part)];
  return Object.keys(objectIn(at)?.shape ?? {});
}

/** The object that a value may be: below its default, or as one of several kinds. */
function objectIn(type: z.core.$ZodType | undefined): z.ZodObject | undefined {
  if (type instanceof z.ZodObject) return type;
  if (type instanceof z.ZodUnion)
    return type.options.map((option) => objectIn(option)).find((found) => found !== undefined);
  if (type instanceof z.ZodPrefault || type instanceof z.ZodDefault || type instanceof z.ZodOptional)
    return objectIn(type.unwrap());
  return undefined;
}
