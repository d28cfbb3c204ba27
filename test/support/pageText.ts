/** What a page's commands and the output it shows become on a scratch stack. */

export interface Substitutions {
  /** The stacks that people have, `dev`, and the test's that stand for them. */
  stacks: Record<string, string>;
  /** Other words of the page, as they are, and what stands for each: paths, hosts, ports. */
  words?: Record<string, string>;
}

/** Where a stack's name stands: behind an option or command, or in the name of something of the stack's. */
const BEFORE = String.raw`(?<=(?:--stack|--preserve-config|--create|--like|stack init|-- new|-- rm|[sS]tack) |agatha-|kept-|(?:gcroots|backups)/|Pulumi\.|backups/[\w.-]+/)`;

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
 * Words of commands that are a stack's name still: left so, they would work on a stack of the person who runs the tests.
 */
export function leftNames(commands: string, { stacks }: Substitutions): string[] {
  const ours = Object.values(stacks);
  return commands
    .split(/[\s'"`=;|&()]+/)
    .filter((word) => Object.hasOwn(stacks, word) && !ours.includes(word));
}

/** The lines of shown output that what was printed lacks, in the order shown. */
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

/** What may differ in a line from one run to the next: `…`, hashes, numbers, the width of columns. */
const VARIABLE = /…|[0-9a-z]{8}(?=…)|\b[0-9a-z]{32}\b|\d+| +/g;

function shapeOf(line: string): RegExp {
  let shape = "";
  let from = 0;
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const text = line.trim();
  for (const { 0: part, index } of text.matchAll(VARIABLE)) {
    shape += literal(text.slice(from, index));
    shape +=
      part === "…"
        ? ".*"
        : /^ +$/.test(part)
          ? " +"
          : /^\d+$/.test(part) && part.length < 8
            ? "\\d+"
            : "[0-9a-z]+";
    from = index + part.length;
  }
  return new RegExp(`^\\s*${shape}${literal(text.slice(from))}\\s*$`);
}
