/** Runs an npm command on arguments that its table (commands.ts) knows; all else is refused before anything happens. */

import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { didYouMean } from "../config/errors.ts";
import { quoted } from "../config/text.ts";
import { fileOf } from "../stacks/file.ts";
import { UserError } from "../userError.ts";
import type { COMMANDS, Option } from "./commands.ts";
import { askedHelp, runOf, tableOf } from "./help.ts";

export type Name = keyof typeof COMMANDS;

/** What the options of a table give. */
type Values<O extends Record<string, Option>> = {
  [K in keyof O]?: O[K] extends { type: "boolean" }
    ? boolean
    : O[K] extends { multiple: true }
      ? string[]
      : string;
};

/** A command's arguments. */
export interface Given<N extends Name> {
  /** `--stack`, else `AGATHA_STACK`, else dev. */
  stack: string;
  /** The stack's file, or the one of `--config-file`. */
  file: string;
  /** `--config-file` as pulumi takes it; nothing where it was not given. */
  configFile: string[];
  options: Values<(typeof COMMANDS)[N]["options"]>;
  words: string[];
  /** The options that pulumi is handed. */
  pulumi: string[];
}

/** npm's own settings of the same names: these in its environment are not meant for the command. */
const NPM_OWN = ["diff", "json", "message", "only", "target", "yes"];

/** A resource as pulumi's `--target` names it: no value of npm's setting of that name. */
const TARGET = /^urn:|\*/;

const STACK_NAME = /^[a-zA-Z0-9][\w.-]{0,99}$/;

/** Runs a command's main function, unless its help is asked for. */
export function command<N extends Name>(
  name: N,
  body: (given: Given<N>) => Promise<number | undefined>,
  args: string[] = process.argv.slice(2),
): Promise<void> {
  return main(async () => {
    const help = askedHelp(name, args);
    if (help === undefined) return body(read(name, args, process.env));
    process.stdout.write(help);
    return 0;
  });
}

/**
 * Reads a command's arguments.
 *
 * @throws UserError for what its table does not know, and for what npm took away.
 */
export function read<N extends Name>(name: N, args: string[], env: NodeJS.ProcessEnv = {}): Given<N> {
  const table = tableOf(name).options;
  const { tokens } = parseArgs({
    ...{ args, options: table, strict: false, allowPositionals: true, tokens: true },
  });
  const options: Record<string, string | boolean | string[]> = {};
  const [words, pulumi]: [string[], string[]] = [[], []];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const option = Object.hasOwn(table, token.name) ? table[token.name] : undefined;
    if (option === undefined) throw unknown(name, token.rawName);
    const value = givenValue(token.name, option, token.value, token.inlineValue);
    const before = options[token.name];
    if (typeof before === "string")
      throw new UserError(
        `--${token.name}: is given twice, as ${quoted(before)} and ${quoted(String(value))}. Give it once.`,
      );
    options[token.name] = option.multiple ? [...((before ?? []) as string[]), String(value)] : value;
    if (option.pulumi) pulumi.push(value === true ? `--${token.name}` : `--${token.name}=${value}`);
  }
  refuseTaken(name, options, env);
  refuseWords(name, words);
  const stack = Object.hasOwn(table, "stack") ? stackOf(options["stack"] as string | undefined, env) : "dev";
  const file = options["config-file"] as string | undefined;
  // Pulumi takes it for an empty configuration.
  if (file !== undefined && !existsSync(file))
    throw new UserError(`--config-file: ${quoted(file)} does not exist. Name a file that does.`);
  return {
    ...{ stack, words, pulumi, options: options as Given<N>["options"], file: file ?? fileOf(stack) },
    configFile: file === undefined ? [] : ["--config-file", file],
  };
}

function stackOf(given: string | undefined, env: NodeJS.ProcessEnv): string {
  if (given !== undefined) return stackName("--stack", given);
  return stackName("AGATHA_STACK", env["AGATHA_STACK"] || "dev");
}

/** @throws UserError where a text is no stack's name. */
export function stackName(where: string, text: string): string {
  if (STACK_NAME.test(text)) return text;
  throw new UserError(`${where}: ${quoted(text)} is not a stack's name. Use letters, digits, _, . and -.`);
}

function givenValue(
  name: string,
  { type, value: called }: Option,
  value: string | undefined,
  inline: boolean | undefined,
): string | true {
  if (type === "boolean") {
    if (value === undefined) return true;
    throw new UserError(
      `--${name}: takes no value, and ${quoted(value)} is given. Write --${name}, or leave it out.`,
    );
  }
  // What looks like an option is the next one, unless it is tied to this one.
  if (value === undefined || value === "" || (!inline && value.startsWith("-")))
    throw new UserError(`--${name}: has no value. Write it like \`--${name} ${called}\`.`);
  return value;
}

function unknown(name: string, raw: string): UserError {
  const { options } = tableOf(name);
  const plain = raw.replace(/^--no-/, "");
  const fix = Object.hasOwn(options, plain)
    ? `Leave --${plain} out instead.`
    : nearest(name, raw.replace(/^-+/, ""));
  return new UserError(`${name}: ${quoted(raw)} is not an option of this command. ${fix}`);
}

function nearest(name: string, text: string): string {
  // Of a single letter, every short option is as near.
  const close =
    text.length > 1 ? didYouMean(text, [...Object.keys(tableOf(name).options), "help"]) : undefined;
  return close === undefined ? `\`${runOf(name)} --help\` lists what it takes.` : `Did you mean --${close}?`;
}

function refuseWords(name: string, given: string[]): void {
  const { words = { least: 0, most: 0, name: "" }, commands } = tableOf(name);
  const [extra, usage] = [given[words.most], `${runOf(name)} ${words.name}`];
  if (commands !== undefined) {
    const what = extra === undefined ? "no command is given" : `${quoted(extra)} is not a command of it`;
    throw new UserError(`${name}: ${what}. Use ${commands.join(", ")}; \`${usage}--help\` describes them.`);
  }
  if (extra !== undefined)
    throw new UserError(
      `${name}: ${quoted(extra)} is one argument too many. ${nearest(name, extra.replace(/^-+/, ""))}`,
    );
  if (given.length < words.least)
    throw new UserError(`${name}: ${words.name} is missing. Write it like \`${usage}\`.`);
}

/** npm keeps what comes before `--`: `npm run down --stack=prod` would take down stack dev. */
function refuseTaken(name: string, given: object, env: NodeJS.ProcessEnv): void {
  for (const [option, { value }] of Object.entries(tableOf(name).options)) {
    if (Object.hasOwn(given, option)) continue;
    const taken = env[`npm_config_${option.replaceAll("-", "_")}`];
    if (!taken || (NPM_OWN.includes(option) && !(option === "target" && TARGET.test(taken)))) continue;
    const usage = `${runOf(name)} --${option}${value === undefined ? "" : ` ${value}`}`;
    throw new UserError(
      `--${option}: was taken by npm, which keeps what comes before "--". Write \`${usage}\`.`,
    );
  }
}

/** Runs a command's main function: a UserError, or a step's own error, ends it with its sentence. */
async function main(body: () => Promise<number | undefined>): Promise<void> {
  // Whoever reads may have had enough, like `head`: what was begun goes on all the same.
  process.stdout.on("error", () => {});
  try {
    process.exitCode = (await body()) ?? 0;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
