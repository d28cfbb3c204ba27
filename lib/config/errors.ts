/** Turns zod's issues into sentences: `agatha:back.port: "x" is not a port. Use a whole number from 1 to 65535.` */
import type { z } from "zod";
import { dotted, quoted } from "./text.ts";

type Issue = z.core.$ZodIssue;

/** Keys whose received value is never repeated. */
const SECRET = /pass|secret|token|key|credential|^(properties|env|files)$/i;

/** What is said in place of a value that may be secret. */
const NOT_SHOWN = "the value (not shown)";

/** Elements of a list that an error repeats. */
const ELEMENTS = 10;

/** Longest key that may be a slip of the pen, in characters. */
const LONGEST_KEY = 40;

/**
 * The sentences for one issue; an unknown-keys issue gives one a key.
 *
 * @param keysAt The keys known at a path, for a suggestion.
 * @param isSecret Whether the value at a path came from a secret, and so is never repeated.
 */
export function describeIssue(
  namespace: string,
  issue: Issue,
  keysAt: (path: PropertyKey[]) => string[],
  isSecret: (path: PropertyKey[]) => boolean,
): string[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => {
      const close = didYouMean(key, keysAt(issue.path));
      const fix =
        close === undefined
          ? "Remove it; the README lists the keys."
          : `Did you mean ${dotted([...issue.path, close])}?`;
      return `${namespace}:${dotted([...issue.path, key])}: is not a key that is known. ${fix}`;
    });
  if (issue.code === "invalid_union") {
    const inner = innermost(issue);
    if (inner !== undefined) return describeIssue(namespace, inner, keysAt, isSecret);
  }
  if (issue.code === "invalid_key") {
    const reason = issue.issues[0]?.message ?? "is not a valid name.";
    return [`${namespace}:${dotted(issue.path)}: ${reason}`];
  }
  return [`${namespace}:${dotted(issue.path)}: ${received(issue, isSecret)} ${sentence(issue)}`];
}

/** The entry beside a stack's configuration in which Pulumi names the keys that are secrets. */
export const SECRET_KEYS = "PULUMI_CONFIG_SECRET_KEYS";

/**
 * The sentences for variables of the back that are secrets: a variable is in the state, in arguments of programs and in
 * what docker tells of the container, for all to read.
 *
 * @param names The variables.
 * @param known Those that the stack's file has as secrets. Of a key that is secret as a whole, such as `agatha:back` with
 * one secret property in it, nothing else tells which of its values are.
 */
export function secretEnvironment(
  namespace: string,
  raw: Record<string, string>,
  names: string[],
  known: string[],
): string[] {
  const keys = JSON.parse(raw[SECRET_KEYS] ?? "[]") as string[];
  const all = keys.includes(`${namespace}:back.env`);
  return names
    .filter((name) => all || known.includes(name) || keys.includes(`${namespace}:back.env.${name}`))
    .map(
      (name) =>
        `${namespace}:${dotted(["back", "env", name])}: ${NOT_SHOWN} is a secret, which a container's environment does not keep. Give it by back.properties or back.files, or without --secret.`,
    );
}

/** Tells whether the value at a path came from a key, dotted or not, that Pulumi keeps as a secret. */
export function secretPaths(
  namespace: string,
  raw: Record<string, string>,
): (path: PropertyKey[]) => boolean {
  const keys = JSON.parse(raw[SECRET_KEYS] ?? "[]") as string[];
  const prefixes = keys.map((key) => `${key.slice(namespace.length + 1)}.`);
  return (path) => {
    const whole = `${path.map(String).join(".")}.`;
    return prefixes.some((prefix) => whole.startsWith(prefix) || prefix.startsWith(whole));
  };
}

/** The branch of a union that fits the input's kind, so that the error speaks of what was meant. */
function innermost(issue: Issue & { code: "invalid_union" }): Issue | undefined {
  const speaks = (inner: Issue) => inner.path.length > 0 || inner.code === "unrecognized_keys";
  const meant = issue.errors.filter((branch) => branch.some(speaks));
  const inner = meant[0]?.find(speaks);
  // Of an object that lacks everything, the union's own sentence tells more than the first key that is missing.
  if (inner?.input === undefined && meant.length > 1) return undefined;
  return inner === undefined ? undefined : { ...inner, path: [...issue.path, ...inner.path] };
}

function sentence(issue: Issue): string {
  if (issue.code === "invalid_type" && issue.expected === "object")
    return "is not an object. Write its keys below it.";
  return issue.message;
}

function received(issue: Issue, isSecret: (path: PropertyKey[]) => boolean): string {
  if (issue.input === undefined) return "the value, which is missing,";
  if (isSecret(issue.path) || issue.path.some((part) => SECRET.test(String(part)))) return NOT_SHOWN;
  return shown(issue.input);
}

/** A value for people; of what lies inside a list or an object, no text: it may be a secret. */
function shown(value: unknown): string {
  if (typeof value === "string")
    // JSON that is broken, which may have anything in it.
    return /^\s*[[{]/.test(value) ? "a text that is not JSON" : quoted(value);
  if (Array.isArray(value)) {
    const elements = value.slice(0, ELEMENTS).map((element) => inside(element));
    return `[${elements.join(", ")}${value.length > ELEMENTS ? ", …" : ""}]`;
  }
  if (typeof value !== "object" || value === null) return String(value);
  return Object.keys(value).length === 0 ? "{}" : "{ … }";
}

const inside = (value: unknown): string =>
  typeof value === "number" || typeof value === "boolean" ? String(value) : "…";

/** The known key nearest to a mistyped one: same but for case, or at most two edits away. */
export function didYouMean(key: string, known: string[]): string | undefined {
  if (key.length > LONGEST_KEY) return undefined;
  const scored = known.map((candidate) => ({
    candidate,
    edits: editDistance(key.toLowerCase(), candidate.toLowerCase()),
  }));
  scored.sort((a, b) => a.edits - b.edits);
  const best = scored[0];
  return best !== undefined && best.edits <= 2 ? best.candidate : undefined;
}

/** Levenshtein's distance, row by row. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
