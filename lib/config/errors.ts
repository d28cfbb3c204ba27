/** Validates values by a schema, and turns zod's issues into messages: `agatha:back.port: "x" is not a port. Use a whole number from 1 to 65535.` */
import { z } from "zod";
import { didYouMean } from "../didYouMean.ts";
import { type Collected, secretKeys } from "./keys.ts";
import { dotted, hasPassword, quoted, SECRET_NAME } from "./text.ts";

type Issue = z.core.$ZodIssue;

/** What is said in place of a value that may be a secret. */
export const NOT_SHOWN = "the value (not shown)";

/** What zod expected, for the fields that have no message of their own. */
const KINDS: Record<string, string> = {
  array: "a list",
  boolean: "true or false",
  object: "an object. Write its keys below it",
  record: "a map of names to values",
  string: "text",
};

/**
 * Validates the values of a namespace.
 *
 * @param required The fix for each key that has to be given.
 * @returns What the schema makes of them, if they are right; and a message for each thing that is wrong.
 */
export function validate<T extends z.ZodType>(
  schema: T,
  namespace: string,
  raw: Record<string, string>,
  { given, incomplete }: Collected,
  required: Record<string, string>,
): { data: z.infer<T> | undefined; issues: string[] } {
  const missing = Object.keys(required).filter((key) => given[key] === undefined);
  const { data, error } = schema.safeParse(given, {
    reportInput: true,
    error: ({ code, expected }) =>
      code === "invalid_type" ? `is not ${KINDS[expected] ?? expected}.` : undefined,
  });
  const issues = (error?.issues ?? []).map(meant).filter(({ path: [first], input }) => {
    const key = String(first);
    // What is missing may be what a flat key gives.
    return !missing.includes(key) && !(incomplete.has(key) && input === undefined);
  });
  return {
    data,
    issues: [
      ...missing
        // One that holds what no text may hold is refused already.
        .filter((key) => !Object.hasOwn(raw, `${namespace}:${key}`))
        .map((key) => `${namespace}:${key}: is missing. ${required[key]}`),
      ...issues.flatMap((issue) => describeIssue(namespace, issue, schema, secretKeys(raw))),
    ],
  };
}

/**
 * The messages for one issue; an issue of unknown keys gives one for each key.
 *
 * @param schema Where similar keys are looked up, for a suggestion.
 * @param secrets The keys that Pulumi keeps as secrets, with their namespace: nothing below one is repeated.
 */
function describeIssue(
  namespace: string,
  issue: Issue,
  schema: z.core.$ZodType,
  secrets: string[],
): string[] {
  const where = `${namespace}:${dotted(issue.path)}`;
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => {
      const close = didYouMean(key, keysAt(schema, issue.path));
      const fix =
        close === undefined
          ? "Remove it; the README lists the keys."
          : `Did you mean ${dotted([...issue.path, close])}?`;
      return `${namespace}:${dotted([...issue.path, key])}: is not a key that is known. ${fix}`;
    });
  if (issue.code === "invalid_key") return [`${where}: ${issue.issues[0]?.message}`];
  // That it is missing, in place of what it is not.
  if (issue.input === undefined)
    return [`${where}: ${issue.message.replace(/^.*?\.(?= |$)/, "is missing.")}`];
  const isSecret =
    secrets.includes(`${namespace}:${String(issue.path[0])}`) ||
    issue.path.some((part) => SECRET_NAME.test(String(part)));
  return [`${where}: ${isSecret ? NOT_SHOWN : shown(issue.input)} ${issue.message}`];
}

/** The issue inside a union's, if one of its branches was meant. */
function meant(issue: Issue): Issue {
  const inner = issue.code === "invalid_union" ? innermost(issue) : undefined;
  return inner === undefined ? issue : meant(inner);
}

/** The branch of a union that fits the input's kind, so that the error is about what was meant. */
function innermost(issue: Issue & { code: "invalid_union" }): Issue | undefined {
  const isDeeper = (inner: Issue) => inner.path.length > 0 || inner.code === "unrecognized_keys";
  const meant = issue.errors.filter((branch) => branch.some(isDeeper));
  const inner = meant[0]?.find(isDeeper);
  // Of an object that lacks everything, the union's own message says more than the first key that is missing.
  if (inner === undefined || (inner.input === undefined && meant.length > 1)) return undefined;
  return { ...inner, path: [...issue.path, ...inner.path] };
}

/** A value for people, without the content of a list or an object: it may be a secret. */
function shown(value: unknown): string {
  if (typeof value === "string") {
    // JSON that is broken, which may have anything in it.
    if (/^\s*[[{]/.test(value)) return "a text that is not JSON";
    return hasPassword(value) ? NOT_SHOWN : quoted(value);
  }
  if (typeof value !== "object" || value === null) return String(value);
  const inside = Object.keys(value).length === 0 ? "" : " … ";
  return Array.isArray(value) ? `[${inside}]` : `{${inside}}`;
}

/** The keys that the schema knows at a path. */
function keysAt(schema: z.core.$ZodType, path: PropertyKey[]): string[] {
  let at: z.core.$ZodType | undefined = schema;
  for (const part of path) {
    const parent = mapIn(at);
    at = parent instanceof z.ZodObject ? parent.shape[String(part)] : (parent?.valueType as z.core.$ZodType);
  }
  const found = mapIn(at);
  return found instanceof z.ZodObject ? Object.keys(found.shape) : [];
}

/** The object or record that a value may be: below its default, or as one of several kinds. */
function mapIn(type: z.core.$ZodType | undefined): z.ZodObject | z.ZodRecord | undefined {
  if (type instanceof z.ZodObject || type instanceof z.ZodRecord) return type;
  if (type instanceof z.ZodUnion) return type.options.map(mapIn).find((found) => found !== undefined);
  if (type instanceof z.ZodPrefault || type instanceof z.ZodDefault || type instanceof z.ZodOptional)
    return mapIn(type.unwrap());
  return undefined;
}
