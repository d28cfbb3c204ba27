/** Turns zod's issues into sentences: `agatha:back.port: "x" is not a port. Use a whole number from 1 to 65535.` */
import type { z } from "zod";

type Issue = z.core.$ZodIssue;

/** Longest part of a received value that an error repeats, in characters. */
const SHOWN = 80;

/** Keys whose received value is never repeated. */
const SECRET = /password|secret|token|properties/i;

/**
 * The sentences for one issue; an unknown-keys issue gives one a key.
 *
 * @param keysAt The keys known at a path, for a suggestion.
 */
export function describeIssue(
  namespace: string,
  issue: Issue,
  keysAt: (path: PropertyKey[]) => string[],
): string[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => {
      const close = didYouMean(key, keysAt(issue.path));
      const mend =
        close === undefined
          ? "Remove it; the README lists the keys."
          : `Did you mean ${dotted([...issue.path, close])}?`;
      return `${namespace}:${dotted([...issue.path, key])}: is not a key that is known. ${mend}`;
    });
  if (issue.code === "invalid_union") {
    const inner = innermost(issue);
    if (inner !== undefined) return describeIssue(namespace, inner, keysAt);
  }
  if (issue.code === "invalid_key") {
    const reason = issue.issues[0]?.message ?? "is not a valid name.";
    return [`${namespace}:${dotted(issue.path)}: ${reason}`];
  }
  return [`${namespace}:${dotted(issue.path)}: ${received(issue)} ${sentence(issue)}`];
}

/** The branch of a union that fits the input's kind, so that the error speaks of what was meant. */
function innermost(issue: Issue & { code: "invalid_union" }): Issue | undefined {
  const meant = issue.errors.find((branch) =>
    branch.some((inner) => inner.path.length > 0 || inner.code === "unrecognized_keys"),
  );
  const inner = meant?.find(
    (candidate) => candidate.path.length > 0 || candidate.code === "unrecognized_keys",
  );
  // Of an object that lacks everything, the union's own sentence tells more than the first key that is missing.
  if (inner?.input === undefined && issue.message !== "Invalid input") return undefined;
  return inner === undefined ? undefined : { ...inner, path: [...issue.path, ...inner.path] };
}

function sentence(issue: Issue): string {
  if (issue.code === "invalid_type" && issue.expected === "object")
    return "is not an object. Write its keys below it.";
  return issue.message;
}

function received(issue: Issue): string {
  if (issue.path.some((part) => SECRET.test(String(part)))) return "the value (not shown)";
  if (issue.input === undefined) return "the value, which is missing,";
  const text = typeof issue.input === "bigint" ? String(issue.input) : JSON.stringify(issue.input);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

function dotted(path: PropertyKey[]): string {
  return path
    .map((part) => (/^[\w-]+$/.test(String(part)) ? `.${String(part)}` : `["${String(part)}"]`))
    .join("")
    .replace(/^\./, "");
}

/** The known key nearest to a mistyped one: same but for case, or at most two edits away. */
export function didYouMean(key: string, known: string[]): string | undefined {
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
