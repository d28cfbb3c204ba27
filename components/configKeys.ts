/** What Pulumi holds of the configuration, texts by key, as the values that the schema looks at. */

/**
 * Texts into values: JSON where it is an object, list, number or boolean; dotted keys into their objects.
 *
 * @param raw `agatha:key` to text; other namespaces are left alone.
 * @param errors Gets a sentence for each key that lies below no object.
 */
export function collect(
  raw: Record<string, string>,
  namespace: string,
  errors: string[],
): Record<string, unknown> {
  // Without a prototype, a key named __proto__ is one like any other: unknown.
  const given = Object.create(null) as Record<string, unknown>;
  const own = Object.entries(raw).filter(([key]) => key.startsWith(`${namespace}:`));
  // Plain keys first, so that `agatha:back.pin` lays itself over `agatha:back`.
  own.sort(([a], [b]) => a.split(".").length - b.split(".").length || (a < b ? -1 : 1));
  for (const [key, value] of own) {
    const path = key.slice(namespace.length + 1).split(".");
    const parent = path.slice(0, -1).reduce<Record<string, unknown> | undefined>((object, part) => {
      if (object === undefined) return undefined;
      const child = object[part] ?? {};
      if (typeof child !== "object" || Array.isArray(child)) return undefined;
      const copy = { ...(child as Record<string, unknown>) };
      object[part] = copy;
      return copy;
    }, given);
    if (parent === undefined)
      errors.push(`${key}: lies below a key that is no object. Remove one of the two.`);
    else parent[path.at(-1) as string] = TEXT_KEYS.has(path.join(".")) ? value : fromText(value);
  }
  return given;
}

/** Keys whose text is never read as JSON: a password may well be `12345` or `true`, and a tag all digits. */
const TEXT_KEYS = new Set(["databasePassword", "database.name", "database.user", "back.pin", "front.pin"]);

function fromText(value: string): unknown {
  if (!/^\s*([[{]|-?\d+(\.\d+)?\s*$|true\s*$|false\s*$)/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
