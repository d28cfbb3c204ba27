/** Adapts a page's commands to a scratch stack, and compares the output it shows with what was printed. */

export interface Substitutions {
  /** The test's stacks by the page's (`dev`). */
  stacks: Record<string, string>;
  /** Replacements for other words of the page: paths, hosts, ports. */
  words?: Record<string, string>;
}

/** Where a stack's name appears: after an option or command, or in the name of something of the stack. */
const BEFORE = String.raw`(?<=(?:--stack|--preserve-config|--create|--like|stack init|-- new|-- rm|[sS]tack) |agatha-|agatha\.stack=|kept-|(?:gcroots|backups)/|Pulumi\.|backups/[\w.-]+/)`;

/** A page's text with the test's names in it. */
export function substituted(text: string, { stacks, words = {} }: Substitutions): string {
  let result = text;
  for (const [word, ours] of Object.entries(words)) result = result.replaceAll(word, ours);
  const names = Object.keys(stacks).map((name) => name.replaceAll("-", "\\-"));
  if (names.length === 0) return result;
  // Not what only begins like it: `agatha-develop`.
  const name = new RegExp(`${BEFORE}(${names.join("|")})(?![\\w])`, "g");
  return result.replace(name, (found) => stacks[found] ?? found);
}

/**
 * Words of commands that still name the page's stack: they would affect a stack of the person who runs the tests.
 */
export function leftNames(commands: string, { stacks }: Substitutions): string[] {
  const ours = Object.values(stacks);
  return commands
    .split(/[\s'"`=;|&()]+/)
    .filter((word) => Object.hasOwn(stacks, word) && !ours.includes(word));
}

/** The lines that the page shows and the printed output lacks, in the order shown. */
export function missingLines(shown: string, printed: string): string[] {
  const lines = printed.split("\n");
  let from = 0;
  return shown
    .split("\n")
    .filter((line) => line.trim() !== "" && line.trim() !== "…")
    .filter((line) => {
      const shape = shapeOf(line);
      const at = lines.findIndex((candidate, i) => i >= from && shape.test(candidate));
      if (at >= 0) from = at + 1;
      return at < 0;
    });
}

/** What may differ between runs: `…`, hashes, numbers, the width of columns. */
const VARIABLE = /…|[0-9a-z]{8}(?=…)|\b[0-9a-z]{32}\b|\d+| +/g;

function shapeOf(line: string): RegExp {
  const text = line.trim();
  const literals = text.split(VARIABLE).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const shapes = [...(text.match(VARIABLE) ?? []), ""].map(shapeOfVariable);
  return new RegExp(`^\\s*${literals.map((literal, i) => literal + shapes[i]).join("")}\\s*$`);
}

function shapeOfVariable(part: string): string {
  if (part === "") return "";
  if (part === "…") return ".*";
  if (part.startsWith(" ")) return " +";
  return /^\d{1,7}$/.test(part) ? "\\d+" : "[0-9a-z]+";
}
