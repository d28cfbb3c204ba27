/** What Pulumi holds of the configuration, texts by key, as the values that the schema looks at. */
import { dotted, unusable } from "./text.ts";

type Values = Record<string, unknown>;

/** Keys that are maps: what comes after one in a dotted key is one name, dots and all. */
const MAPS = ["back.properties.", "back.env.", "back.files.", "front.files.", "database.settings."];

/** Keys whose text is never read as JSON: a password may well be `12345` or `true`, and a tag all digits. */
const TEXTS =
  /^(databasePassword|database\.(name|user)|(back|front)\.pin|registry\.(username|password)|(back\.(properties|env)|database\.settings)\..*)$/s;

/** Whether the value at a path is a text, whatever it looks like. */
export const isTextKey = (path: string[]): boolean => TEXTS.test(path.join("."));

/**
 * Texts into values: JSON where it is an object, list, number or boolean; dotted keys into their objects.
 *
 * @param raw `agatha:key` to text; other namespaces are left alone.
 * @param errors Gets a sentence for each key that lies below no object, that another gives too, or that holds what no
 * text may hold.
 */
export function collect(raw: Record<string, string>, namespace: string, errors: string[]): Values {
  // Without a prototype, a key named __proto__ is one like any other: unknown.
  const given = Object.create(null) as Values;
  const own = Object.entries(raw)
    .filter(([key]) => key.startsWith(`${namespace}:`))
    .map(([key, text]) => {
      const path = pathOf(key.slice(namespace.length + 1));
      return { key, path, value: valueAt(path, text) };
    });
  // Plain keys first, so that `agatha:back.pin` lays itself over `agatha:back`.
  own.sort((a, b) => a.path.length - b.path.length || (a.key < b.key ? -1 : 1));
  for (const [index, { path, value }] of own.entries()) {
    const other = own.slice(0, index).find((before) => holds(before.path, before.value, path));
    // Which of them counts would not be seen.
    if (other !== undefined)
      errors.push(
        `${namespace}:${dotted(path)}: is given twice, by a key of its own and in ${namespace}:${dotted(other.path)}. Remove one of the two.`,
      );
    const wrong =
      path.length > 1 ? unusable(nested(path.slice(1), value), path.slice(0, 1)) : unusable(value, path);
    if (wrong !== undefined) errors.push(`${namespace}:${wrong}`);
    else if (!put(given, path, value))
      errors.push(`${namespace}:${dotted(path)}: lies below a key that is no object. Remove one of the two.`);
  }
  return given;
}

/** The path of a key without its namespace: `back.publish.port`, and of a map's entry all of its name. */
export function pathOf(key: string): string[] {
  const map = MAPS.find((prefix) => key.startsWith(prefix));
  return map === undefined ? key.split(".") : [...map.slice(0, -1).split("."), key.slice(map.length)];
}

/** What a text stands for at a path. */
export const valueAt = (path: string[], text: string): unknown => (isTextKey(path) ? text : fromText(text));

/** Whether a value at a path has something at another path, which begins with it. */
function holds(at: string[], value: unknown, path: string[]): boolean {
  if (at.some((part, index) => part !== path[index])) return false;
  let inner = value;
  for (const part of path.slice(at.length)) {
    if (typeof inner !== "object" || inner === null || !Object.hasOwn(inner, part)) return false;
    inner = (inner as Values)[part];
  }
  return true;
}

/** `["port"]` and 1 give `{ port: 1 }`; any name is one like any other. */
const nested = (path: string[], value: unknown): unknown =>
  path.reduceRight<unknown>((inner, part) => Object.fromEntries([[part, inner]]), value);

/** Puts a value where its path says; false where that lies below something that is no object. */
function put(given: Values, path: string[], value: unknown): boolean {
  let parent = given;
  for (const part of path.slice(0, -1)) {
    if (!Object.hasOwn(parent, part)) parent[part] = {};
    const child = parent[part];
    if (typeof child !== "object" || child === null || Array.isArray(child)) return false;
    parent = child as Values;
  }
  parent[path.at(-1) as string] = value;
  return true;
}

function fromText(text: string): unknown {
  if (!/^\s*([[{]|-?\d+(\.\d+)?\s*$|true\s*$|false\s*$)/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
