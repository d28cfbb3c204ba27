/** Reads a stack's configuration: validates it, and fills in every default. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import application from "../../nix/application.json" with { type: "json" };
import { shellWord } from "../process.ts";
import { UserError } from "../userError.ts";
import { crossErrors } from "./checks.ts";
import { collect, secretKeys } from "./collect.ts";
import { validate } from "./errors.ts";
import { type Config, schema } from "./schema.ts";
import { lostTexts } from "./stackFileTexts.ts";
import { NAMESPACE } from "./text.ts";

/** Stacks for which a person has to choose what has a default elsewhere (`packages`, `databasePassword`). */
export const DEMANDING_STACKS = ["staging", "prod"];

/** What the sample's back needs; another jar gets none of it. */
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

/** What the stack's config does not hold. */
export interface Surroundings {
  stack: string;
  /** `AGATHA_PACKAGES`, the package set that set-up found usable. */
  packages: string | undefined;
  /** The password that set-up made for this stack, if it did. */
  password: string | undefined;
  /** The text of the stack's file. Default: none is known. */
  file?: string | undefined;
  /** Options of Pulumi that name the stack and its file, for commands in messages. Default: the stack's name. */
  options?: string[];
  /** Tells whether a path, relative to the project, exists. Default: the file system's answer. */
  exists?: (path: string) => boolean;
}

/** Errors that are shown at once: more are of no help. */
const SHOWN = 50;

/** Every error of a configuration at once. */
export class ConfigError extends UserError {
  readonly errors: string[];
  constructor(errors: string[]) {
    const shown = errors.slice(0, SHOWN);
    const more = errors.length - shown.length;
    if (more > 0) shown.push(`${NAMESPACE}: ${more} more errors are not shown. Fix these first.`);
    super(shown.join("\n"));
    this.errors = shown;
  }
}

/**
 * Reads, validates and completes a stack's configuration.
 *
 * @param raw What Pulumi holds, `agatha:key` to text; other namespaces are left alone.
 * @throws ConfigError with all errors, each `agatha:<key>: <received> <what is wrong>. <The fix>.`
 */
export function loadConfig(raw: Record<string, string>, surroundings: Surroundings): Config {
  const { stack, packages, file = "", options = ["--stack", stack], exists = existsSync } = surroundings;
  const errors: string[] = [];
  const collected = collect(raw, NAMESPACE, errors, options);
  const { given, incomplete } = collected;
  errors.push(...lostTexts(file));
  if (!DEMANDING_STACKS.includes(stack)) {
    given["packages"] ??= packages || "nixpkgs";
    given["databasePassword"] ??= surroundings.password;
  }
  const lacking = completeBack(given);
  const { data, issues } = validate(schema, NAMESPACE, raw, collected, REQUIRED);
  errors.push(...issues);
  const around = { secrets: secretKeys(raw), file, exists };
  if (data !== undefined && incomplete.size === 0)
    for (const error of [...crossErrors(data, around), ...lacking]) errors.push(`${NAMESPACE}:${error}`);
  if (data === undefined || errors.length > 0)
    throw new ConfigError(stack === "dev" ? errors : errors.map((error) => naming(error, options)));
  return data;
}

/** An error whose command names the stack: pulumi has selected dev, unless somebody selected another one. */
const naming = (error: string, options: string[]): string =>
  error.includes("--stack")
    ? error
    : error.replace(/`pulumi config (set|rm) /g, `\`pulumi config $1 ${options.map(shellWord).join(" ")} `);

/** Gives the sample's back what it needs. Another one does not get the sample's migrations either. */
function completeBack(given: Record<string, unknown>): string[] {
  const { back = {} } = given;
  if (typeof back !== "object" || back === null || Array.isArray(back)) return [];
  const { jar, migrations, pin } = back as Record<string, unknown>;
  if (isSample(jar, application.back.jar)) given["back"] = { ...SAMPLE_BACK, ...back };
  else if (migrations === undefined && pin === undefined)
    return [
      "back.migrations: is missing, and back.jar is not the sample's. Name the folder of your V*.sql files.",
    ];
  return [];
}

const REQUIRED: Record<string, string> = {
  packages: 'Set it: `pulumi config set agatha:packages nixpkgs` (or "debian").',
  databasePassword:
    "Set it: `pulumi config set --secret agatha:databasePassword`, or let `npm run up` make it on stack dev, `npm run stack -- new NAME` on a new stack.",
};
