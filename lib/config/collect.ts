/** Reads what Pulumi holds, a text for each key, into the values that the schema looks at. */
import { shellWord } from "../process.ts";
import { dotted, unusable } from "./text.ts";

export type Values = Record<string, unknown>;

/** Keys that are texts, whatever they look like: a password may well be `12345` or `true`, and a tag all digits. */
const TEXTS =
  /^(databasePassword|database\.(name|user)|(back|front)\.pin|registry\.(username|password)|(back\.(properties|env)|(back|front)\.placement|database\.settings)\..*)$/s;

/** Whether the value at a path is a text, whatever it looks like. */
export const isTextKey = (path: string[]): boolean => TEXTS.test(path.join("."));

/** Keys that are maps: what comes after one in a flat key is one name, dots and all. */
const MAPS = /^(back\.(?:properties|env)|(?:back|front)\.(?:files|placement)|database\.settings)\.(.*)$/s;

/** The entry beside a stack's configuration in which Pulumi names the keys that are secrets. */
export const SECRET_KEYS = "PULUMI_CONFIG_SECRET_KEYS";

/** The keys that Pulumi keeps as secrets, with their namespace. */
export const secretKeys = (raw: Record<string, string>): string[] =>
  JSON.parse(raw[SECRET_KEYS] ?? "[]") as string[];

type FlatKey = [key: string, path: string[], text: string];

export interface Collected {
  given: Values;
  /** The top-level keys that a flat key belongs to: not all of their values are known. */
  incomplete: Set<string>;
}

/**
 * The values of a namespace. A key with a dot is refused: nested YAML is the one way to write it.
 *
 * @param raw `agatha:key` to text; other namespaces are left alone.
 * @param errors Gets a message for each flat key, and for each value that holds what no text may hold.
 * @param options Options of Pulumi that name the stack, for the commands in those messages.
 */
export function collect(
  raw: Record<string, string>,
  namespace: string,
  errors: string[],
  options: string[] = [],
): Collected {
  // Without a prototype, a key named __proto__ is one like any other: unknown.
  const given = Object.create(null) as Values;
  const flat: FlatKey[] = [];
  for (const [key, text] of Object.entries(raw)) {
    if (!key.startsWith(`${namespace}:`)) continue;
    const name = key.slice(namespace.length + 1);
    const [, map, inMap = ""] = MAPS.exec(name) ?? [];
    const path = map === undefined ? name.split(".") : [...map.split("."), inMap];
    const value = fromText(name, text);
    const wrong = unusable(value, [name]);
    if (path.length > 1) flat.push([key, path, text]);
    else if (wrong === undefined) given[name] = value;
    else errors.push(`${namespace}:${wrong}`);
  }
  errors.push(...flat.map((one) => refuseFlat(one, given, secretKeys(raw), options)));
  return { given, incomplete: new Set(flat.map(([, [name = ""]]) => name)) };
}

/** What the text of a top-level key stands for: JSON if it is an object, a list, a number or a boolean. */
export function fromText(name: string, text: string): unknown {
  if (isTextKey([name]) || !/^\s*([[{]|-?\d+(\.\d+)?\s*$|true\s*$|false\s*$)/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The message for a flat key, with the commands that nest it, through a pipe: its value may be a secret. */
function refuseFlat([key, path, text]: FlatKey, given: Values, secrets: string[], options: string[]): string {
  const where = `${key.slice(0, key.indexOf(":"))}:${dotted(path)}`;
  const refused = `${where}: is a flat key, which is not read.`;
  // The shell, Pulumi's paths and a terminal agree on these characters. A list or a map has no such command.
  if (!/^[\w.:/@ -]{1,60}$/.test(key) || path.includes("") || /^\s*[[{]/.test(text))
    return `${refused} Write it as nested YAML in the stack's file, below ${where.slice(0, where.search(/[.[]/))}.`;
  const pulumi = (command: string, ...words: string[]) =>
    [`pulumi config ${command}`, ...[...words, ...options].map(shellWord)].join(" ");
  const remove = pulumi("rm", key);
  if (has(given, path))
    return `${where}: is given twice, nested and as a flat key, which is not read. Remove the flat key: \`${remove}\`.`;
  const type = isTextKey(path) && /^(-?\d+|true|false)$/.test(text) ? ["--type", "string"] : [];
  const set = pulumi("set", "--path", ...(secrets.includes(key) ? ["--secret"] : type), where);
  return `${refused} Nest it: \`${pulumi("get", key)} | ${set} && ${remove}\`.`;
}

/** Whether there is a value at a path. */
function has(values: unknown, [first = "", ...rest]: string[]): boolean {
  if (typeof values !== "object" || values === null || !Object.hasOwn(values, first)) return false;
  return rest.length === 0 || has((values as Values)[first], rest);
}
