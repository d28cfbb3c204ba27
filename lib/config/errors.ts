/** Validates values by a schema, and turns zod's issues into messages: `agatha:back.port: "x" is not a port. Use a whole number from 1 to 65535.` */
import type { z } from "zod";
import { didYouMean } from "../didYouMean.ts";
import { type Collected, secretKeys } from "./collect.ts";
import { dotted, quoted } from "./text.ts";

type Issue = z.core.$ZodIssue;

/** What is said in place of a value that may be a secret. */
export const NOT_SHOWN = "the value (not shown)";

/** Names whose value is never shown. */
const SECRET_NAME = /pass|secret|token|key|credential|certificate|^(properties|env|files)$/i;

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
    error: ({ code, expected, inst }) => {
      if (code === "invalid_type") return `is not ${KINDS[expected] ?? expected}.`;
      // For a suggestion: the keys that the object knows.
      return code === "unrecognized_keys" ? Object.keys((inst as z.ZodObject).shape).join(" ") : undefined;
    },
  });
  const issues = (error?.issues ?? []).map(meant).filter(({ path: [first], input }) => {
    const key = String(first);
    // What is missing may be what a flat key gives.
    return !missing.includes(key) && !(incomplete.has(key) && input === undefined);
  });
  const secrets = secretKeys(raw);
  return {
    data,
    issues: [
      ...missing
        // One that holds what no text may hold is refused already.
        .filter((key) => !Object.hasOwn(raw, `${namespace}:${key}`))
        .map((key) => `${namespace}:${key}: is missing. ${required[key]}`),
      ...issues
        .flatMap((issue) => describeIssue(issue, secrets.includes(`${namespace}:${String(issue.path[0])}`)))
        .map((text) => `${namespace}:${text}`),
    ],
  };
}

/**
 * The messages for one issue; an issue of unknown keys gives one for each key.
 *
 * @param isSecret Whether Pulumi keeps the top-level key as a secret: nothing below it is repeated.
 */
function describeIssue({ path, input, message, ...issue }: Issue, isSecret: boolean): string[] {
  const where = dotted(path);
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => {
      const close = didYouMean(key, message.split(" "));
      const fix =
        close === undefined
          ? "Remove it; the README lists the keys."
          : `Did you mean ${dotted([...path, close])}?`;
      return `${dotted([...path, key])}: is not a key that is known. ${fix}`;
    });
  if (issue.code === "invalid_key") return [`${where}: ${issue.issues[0]?.message}`];
  // That it is missing, in place of what it is not.
  if (input === undefined) return [`${where}: ${message.replace(/^.*?\.(?= |$)/, "is missing.")}`];
  const isHidden = isSecret || path.some((part) => SECRET_NAME.test(String(part)));
  return [`${where}: ${isHidden ? NOT_SHOWN : shown(input)} ${message}`];
}

/** Of a union's issue, the one inside the branch that fits the input's kind: the error is about what was meant. */
function meant(issue: Issue): Issue {
  if (issue.code !== "invalid_union") return issue;
  const isDeeper = (inner: Issue) => inner.path.length > 0 || inner.code === "unrecognized_keys";
  const branches = issue.errors.filter((branch) => branch.some(isDeeper));
  const inner = branches[0]?.find(isDeeper);
  // Of an object that lacks everything, the union's own message says more than the first key that is missing.
  if (inner === undefined || (inner.input === undefined && branches.length > 1)) return issue;
  return meant({ ...inner, path: [...issue.path, ...inner.path] });
}

/** A value for people, without the content of a list or an object: it may be a secret. */
function shown(value: unknown): string {
  if (typeof value === "string") {
    // JSON that is broken, which may have anything in it.
    if (/^\s*[[{]/.test(value)) return "a text that is not JSON";
    // A URL with a password: `https://user:password@host`.
    return /:\/\/[^/@]*:.*@/s.test(value) ? NOT_SHOWN : quoted(value);
  }
  if (typeof value !== "object" || value === null) return String(value);
  const inside = Object.keys(value).length === 0 ? "" : " … ";
  return Array.isArray(value) ? `[${inside}]` : `{${inside}}`;
}
