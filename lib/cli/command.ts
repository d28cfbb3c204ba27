/** Runs an npm command with the arguments that its table (commands.ts) knows; all others are refused before anything happens. */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { quoted } from "../config/text.ts";
import { didYouMean } from "../didYouMean.ts";
import { fileOf } from "../stacks/file.ts";
import { UserError } from "../userError.ts";
import { commandOf, type Name, runOf, type Values } from "./commands.ts";
import { askedHelp } from "./help.ts";

/** A command's arguments. */
export interface Given<N extends Name> {
  /** `--stack`, else `AGATHA_STACK`, else dev. */
  stack: string;
  /** The stack's file, or the one of `--config-file`. */
  file: string;
  /** `--config-file` as pulumi takes it; empty if it was not given. */
  configFile: string[];
  options: Values<N>;
  words: string[];
  /** The options that pulumi is handed. */
  pulumi: string[];
}

interface Option {
  type: "boolean" | "string";
  short?: string;
  /** What its value is called; undefined if it has none. */
  value: string | undefined;
  multiple: boolean;
  /** Whether pulumi is handed it. */
  pulumi: boolean;
}

/** By their long names. */
type Known = Record<string, Option>;

/** npm's own settings of the same names: these in its environment are not meant for the command. */
const NPM_OWN = ["diff", "json", "message", "only", "target", "yes"];

/** What `--target` names, a resource or `agatha:target`: no value of npm's setting of that name. */
const TARGET = /^urn:|\*|^(docker|swarm)$/;

/** Runs a command's main function, unless its help is asked for. A UserError ends it with its message. */
export async function command<N extends Name>(
  name: N,
  body: (given: Given<N>) => Promise<number | undefined>,
  args: string[] = process.argv.slice(2),
): Promise<void> {
  // A reader may have had enough, like `head`: what was begun goes on all the same.
  process.stdout.on("error", () => {});
  try {
    const help = askedHelp(name, args);
    if (help !== undefined) process.stdout.write(help);
    else process.exitCode = (await body(read(name, args, process.env))) ?? 0;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

/**
 * Reads a command's arguments.
 *
 * @throws UserError for what its table does not know, and for options that npm took for its own.
 */
export function read<N extends Name>(name: N, args: string[], env: NodeJS.ProcessEnv = {}): Given<N> {
  const known = optionsOf(name);
  const { tokens } = parseArgs({
    ...{ args, options: known, strict: false, allowPositionals: true, tokens: true },
  });
  const options: Record<string, string | boolean | string[]> = {};
  const [words, pulumi]: [string[], string[]] = [[], []];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const option = known[token.name];
    if (option === undefined) throw unknown(name, known, token.rawName);
    const value = checkedValue(token, option.value);
    const before = options[token.name];
    if (typeof before === "string")
      throw new UserError(
        `--${token.name}: is given twice, as ${quoted(before)} and ${quoted(String(value))}. Give it once.`,
      );
    options[token.name] = option.multiple ? [...((before ?? []) as string[]), String(value)] : value;
    if (option.pulumi) pulumi.push(value === true ? `--${token.name}` : `--${token.name}=${value}`);
  }
  refuseTaken(name, known, options, env);
  refuseWords(name, known, words);
  const given = options["stack"] as string | undefined;
  const fallback = (known["stack"] && env["AGATHA_STACK"]) || "dev";
  const stack = given === undefined ? stackName("AGATHA_STACK", fallback) : stackName("--stack", given);
  const file = options["config-file"] as string | undefined;
  // Pulumi takes it for an empty configuration.
  if (file !== undefined && !existsSync(file))
    throw new UserError(`--config-file: ${quoted(file)} does not exist. Name a file that does.`);
  return {
    ...{ stack, words, pulumi, options: options as Values<N>, file: file ?? fileOf(stack) },
    configFile: file === undefined ? [] : ["--config-file", file],
  };
}

function optionsOf(name: Name): Known {
  const { options = {}, pulumi = {} } = commandOf(name);
  // Without a prototype: __proto__ is no option.
  const known = Object.create(null) as Known;
  for (const written of Object.keys({ ...options, ...pulumi })) {
    const [, short, long = "", value] = /^(?:-(\w), )?--([\w-]+)(?: (\w+))?/.exec(written) ?? [];
    const type = value === undefined ? "boolean" : "string";
    const more = { multiple: written.endsWith("..."), pulumi: Object.hasOwn(pulumi, written) };
    known[long] = { type, value, ...more, ...(short === undefined ? {} : { short }) };
  }
  return known;
}

/** @throws UserError if a text is not a stack's name. */
export function stackName(where: string, text: string): string {
  if (/^[a-zA-Z0-9][\w.-]{0,99}$/.test(text)) return text;
  throw new UserError(`${where}: ${quoted(text)} is not a stack's name. Use letters, digits, _, . and -.`);
}

/** @param called What the option's value is called; undefined if it takes none. */
function checkedValue(
  { name, value, inlineValue }: { name: string; value: string | undefined; inlineValue: boolean | undefined },
  called: string | undefined,
): string | true {
  if (called === undefined) {
    if (value === undefined) return true;
    throw new UserError(
      `--${name}: takes no value, and ${quoted(value)} is given. Write --${name}, or leave it out.`,
    );
  }
  // What looks like an option is the next one, unless it is tied to this one by `=`.
  if (value === undefined || value === "" || (!inlineValue && value.startsWith("-")))
    throw new UserError(`--${name}: has no value. Write it like \`--${name} ${called}\`.`);
  return value;
}

function unknown(name: Name, known: Known, raw: string): UserError {
  const plain = raw.replace(/^--no-/, "");
  const fix = known[plain] ? `Leave --${plain} out instead.` : nearest(name, known, raw);
  return new UserError(`${name}: ${quoted(raw)} is not an option of this command. ${fix}`);
}

function nearest(name: Name, known: Known, raw: string): string {
  const text = raw.replace(/^-+/, "");
  // To a single letter, every short option is as near.
  const close = text.length > 1 ? didYouMean(text, [...Object.keys(known), "help"]) : undefined;
  return close === undefined ? `\`${runOf(name)} --help\` lists what it takes.` : `Did you mean --${close}?`;
}

function refuseWords(name: Name, known: Known, given: string[]): void {
  const { words: [usage] = [""], commands } = commandOf(name);
  if (commands !== undefined) {
    const what =
      given[0] === undefined ? "no command is given" : `${quoted(given[0])} is not a command of it`;
    throw new UserError(
      `${name}: ${what}. Use ${commands.join(", ")}; \`${runOf(name)} --help\` describes them.`,
    );
  }
  const names = usage.split(" ").filter(Boolean);
  const extra = usage.endsWith("...]") ? undefined : given[names.length];
  if (extra !== undefined)
    throw new UserError(`${name}: ${quoted(extra)} is one argument too many. ${nearest(name, known, extra)}`);
  if (given.length < names.filter((word) => !word.startsWith("[")).length)
    throw new UserError(`${name}: ${usage} is missing. Write it like \`${runOf(name)} ${usage}\`.`);
}

/** npm keeps what comes before `--`: `npm run down --stack=prod` would take down stack dev. */
function refuseTaken(name: Name, known: Known, given: object, env: NodeJS.ProcessEnv): void {
  for (const [option, { value }] of Object.entries(known)) {
    if (Object.hasOwn(given, option)) continue;
    const taken = env[`npm_config_${option.replaceAll("-", "_")}`];
    if (!taken || (NPM_OWN.includes(option) && !(option === "target" && TARGET.test(taken)))) continue;
    const usage = `${runOf(name)} --${option}${value === undefined ? "" : ` ${value}`}`;
    throw new UserError(
      `--${option}: was taken by npm, which keeps what comes before "--". Write \`${usage}\`.`,
    );
  }
}
