/** Pulumi's diff for people: what changes, by the program's names, without addresses and store paths. */

/** A line of the diff: its mark (`+`, `-`, `~`, `+-` …), its depth below its resource, and its text. */
export interface DiffLine {
  mark: string;
  depth: number;
  text: string;
}

const OUTPUTS = /^\s*--outputs:--\s*$/;

/** A line as Pulumi prints it: an indentation, a mark if it changes, the text. */
const LINE = /^(\s*)(\+\+|--|\+-|-\+|[+\-~><] ?)?\s*(.*?)\s*$/;

/** `command:local:Command: (replace)`, the head of a resource. */
const HEAD = /^([\w-]+):[\w/-]+:(\w+): \(([\w-]+)\)/;

/** Addresses below the head of a resource; the URN holds its name. */
const ADDRESS = /^\[(id|provider)=.*\]$/;
const URN = /^\[urn=.*::(.+)\]$/;

/** Inputs that tell a reviewer nothing: paths of the machine, and times that make a step run again. */
const OURS = /^"?(ABSENT_AT|CUT_OFF|OUT_LINK|drvPath|seenAt)"?\s*:/;

interface Line extends DiffLine {
  column: number;
  keep: boolean;
}

/** Reads what `pulumi preview --diff --color never` prints. */
export function readDiff(output: string): DiffLine[] {
  const lines: Line[] = [];
  // Whether only marked lines changed: in a resource that is neither made nor removed.
  let prune = false;
  for (const raw of output.split("\n")) {
    if (raw === "Resources:") break;
    const line = parse(raw);
    if (line === undefined) continue;
    if (HEAD.test(line.text)) {
      prune = !/\((create|delete|import)\)/.test(line.text);
      const text = line.text.replace(HEAD, "($1:$2): $3");
      lines.push({ ...line, text, depth: 0, keep: line.mark !== "" });
    } else if (OUTPUTS.test(raw)) {
      // A new stack's outputs have no marks.
      prune = !/^[+-]$/.test(lines[0]?.mark ?? "");
      lines.push({ mark: "", text: "outputs:", depth: 0, column: 0, keep: false });
    } else {
      const urn = URN.exec(line.text)?.[1];
      const last = lines.at(-1);
      if (urn !== undefined && last?.depth === 0) last.text = `${urn} ${last.text}`;
      else if (lines.length > 0) lines.push({ ...line, depth: -1, keep: line.mark !== "" || !prune });
    }
  }
  return arrange(lines);
}

function parse(raw: string): Pick<Line, "mark" | "text" | "column"> | undefined {
  const [, indentation = "", mark = "", rest = ""] = LINE.exec(raw) ?? [];
  const text = rest.replace(/: \(json\) /, ": ");
  if (text === "" || ADDRESS.test(text) || OURS.test(text)) return undefined;
  // The engine's own words and warnings stand around the diff, and between its resources.
  if (indentation === "" && mark === "" && !HEAD.test(text)) return undefined;
  const column = raw.length - raw.slice(indentation.length + mark.length).trimStart().length;
  return { mark: mark.trim(), text, column };
}

/** Gives each line its depth, keeps what changed and the lines around it, and leaves out brackets. */
function arrange(lines: Line[]): DiffLine[] {
  const open: Line[] = [];
  for (const line of lines) {
    if (line.depth === 0) open.length = 0;
    else {
      while (open.length > 1 && (open.at(-1) as Line).column >= line.column) open.pop();
      line.depth = open.length;
    }
    if (/^[}\]]$/.test(line.text)) line.keep = false;
    else open.push(line);
    if (line.keep) for (const around of open) around.keep = true;
  }
  return lines.filter(({ keep }) => keep).map(({ mark, depth, text }) => ({ mark, depth, text: tidy(text) }));
}

/** Without the bracket that it opens, and without the blanks that aligned it with lines that are left out. */
const tidy = (text: string): string =>
  shorten(text.replace(/:? [[{]$/, ":").replace(/^("[^"]*"|[\w.-]+) +:/, "$1:"));

/** Shortens digests, container ids, store hashes and store paths to what tells them apart. */
export function shorten(text: string): string {
  return text
    .replace(/\/nix\/store\/[0-9a-z]{32}-/g, "")
    .replace(/sha256:([0-9a-f]{8})[0-9a-f]{56}/g, "sha256:$1…")
    .replace(/\b([0-9a-f]{8})[0-9a-f]{56}\b/g, "$1…")
    .replace(/(-image:(?:[a-z]+-)*[0-9a-z]{8})[0-9a-z]{24}(?![0-9a-z])/g, "$1…");
}

/** For a terminal: the mark in front. */
export const diffInText = (lines: DiffLine[]): string =>
  lines.map(({ mark, depth, text }) => `${mark.padEnd(2)} ${"  ".repeat(depth)}${text}\n`).join("");

/** For a block of language `diff`, which colours a line by its first character: `+`, `-`, and `!` for what changes. */
export const diffInMarkdown = (lines: DiffLine[]): string =>
  lines
    .map(({ mark, depth, text }) => {
      const first = mark === "" ? " " : /^[+-]$/.test(mark) ? mark : "!";
      return `${first} ${"  ".repeat(depth)}${text}\n`;
    })
    .join("");
