/** Reads a stack's configuration: validates it, and fills in every default. */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import application from "../../nix/application.json" with { type: "json" };
import { UserError } from "../userError.ts";
import { fileErrors, imageErrors, placeholderErrors, portErrors, registryErrors } from "./checks.ts";
import { secretSettings } from "./databaseSettings.ts";
import { describeIssue, secretEnvironment, secretPaths } from "./errors.ts";
import { collect } from "./keys.ts";
import { type Config, schema } from "./schema.ts";
import { lostTexts } from "./stackFileTexts.ts";
import { NAMESPACE } from "./text.ts";

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
  // The pinned image is the default version's; what `debian` has of another version, no digest says.
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
  packages: 'Set it: `pulumi config set agatha:packages nixpkgs` (or "debian").',
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
