/** A preview as a comment for a pull request: sentences and a table on top, Pulumi's diff folded away below. */

import { type DiffLine, diffInMarkdown, shorten } from "./diff.ts";
import type { Explanation } from "./explain.ts";
import { block, code, markdownTable, plain } from "./markdown.ts";

/** GitHub takes 65,536 characters. Bytes are counted, which are never fewer, and some are kept for who posts it. */
export const LIMIT = 65_536 - 1024;

/** Reasons shown in one cell, fewer where that is too much; a release with hundreds of migrations has to fit as well. */
const REASONS = [25, 5, 1];

/** Characters of one reason: a file's name may have 255. */
const REASON = 120;

/** Characters of an error that are shown; what is longer has its cause at the end. */
const ERROR = 6000;

const size = (text: string): number => Buffer.byteLength(text);

/** What a reader of a preview against an empty state has to know. */
const EMPTY =
  "Previewed without the stack's state and secrets, as a stack made anew: what is deployed stays out of sight.\n";

/** The comment on a preview that went well. @param empty Whether it was made against an empty state. */
export function comment(
  explanation: Explanation,
  diff: DiffLine[],
  warnings: string[],
  empty = false,
): string {
  const title = plain(explanation.stack);
  const warned = warnings.slice(0, 10).map((text) => `> **Warning:** ${code(clip(shorten(text)))}\n`);
  if (!explanation.changes) return [`### ${title}: nothing would change\n`, ...warned].join("\n");
  const summaries = REASONS.map((reasons) =>
    [
      `### ${title}: what \`up\` would change\n`,
      `${empty ? EMPTY : `${sentences(explanation)}\n`}`,
      markdownTable(["image", "change", "why", "restart", "data"], rows(explanation, reasons)),
      ...warned,
    ].join("\n"),
  );
  const summary = summaries.find((text) => size(text) <= LIMIT / 2) ?? (summaries.at(-1) as string);
  return summary + folded(diff, LIMIT - size(summary));
}

/** The comment on a preview that failed. */
export function failure(stack: string, errors: string[]): string {
  const shown = errors.map((error) => {
    const text = shorten(error.trim());
    return block("text", text.length > ERROR ? `… ${text.slice(-ERROR)}` : text);
  });
  const intro = "Nothing was changed. What has to be fixed first:\n";
  let [text, left] = [`### ${plain(stack)}: the preview failed\n\n${intro}`, shown.length];
  for (const error of shown) {
    if (size(text) + size(error) > LIMIT - 200) break;
    text += `\n${error}`;
    left -= 1;
  }
  return left === 0
    ? text
    : `${text}\n_${left} more errors do not fit in a comment: see the log of the run._\n`;
}

/** Who is away and for how long, and what happens to the data. */
function sentences({ services, data }: Explanation): string {
  const away = services.flatMap(([name = "", , , time = ""]) => {
    if (time === "" || time === "not at all") return [];
    if (time === "not known yet") return [`\`${name}\` will be away, for how long is not known yet`];
    return [`\`${name}\` will be away ${time === "from now on" ? time : `for ${time}`}`];
  });
  const absent = away.length === 0 ? "No service will be away" : away.join("; ");
  const volume = data.find(([what]) => what === "volume")?.[1] ?? "stays";
  return `${plainKeepingCode(absent)}. ${volume === "stays" ? "The data stays." : `The data's volume ${plain(volume)}.`}`;
}

const plainKeepingCode = (text: string): string =>
  text
    .split("`")
    .map((part, index) => (index % 2 === 0 ? plain(part) : code(part)))
    .join("");

/** A row for each image or service; what happens to the data stands with whom it concerns. */
function rows({ images, services, data }: Explanation, reasons: number): string[][] {
  const named = new Map<string, string[][]>();
  let name = "";
  for (const row of images) {
    name = row[0] || name;
    named.set(name, [...(named.get(name) ?? []), row]);
  }
  const names = [...new Set([...named.keys(), ...services.map(([service = ""]) => service)])];
  return names.map((name) => {
    const image = named.get(name) ?? [];
    const concerned = data.filter(([what]) => (what === "migrations" ? "back" : "db") === name);
    return [
      `**${plain(name)}**`,
      change(image[0]?.[1] ?? ""),
      list(image.map((row) => row[2] ?? "").filter(Boolean), reasons),
      restart(services.find(([service]) => service === name) ?? []),
      concerned.map(([what = "", text = ""]) => datum(what, text, reasons)).join("<br>"),
    ];
  });
}

const change = (text: string): string =>
  text.includes(" => ")
    ? text
        .split(" => ")
        .map((part) => code(part))
        .join(" ⇒ ")
    : plain(text);

/** Reasons, one a line. */
function list(reasons: string[], most: number): string {
  const shown = reasons.slice(0, most).map((reason) => code(clip(reason)));
  if (reasons.length > most) shown.push(`and ${reasons.length - most} more`);
  return shown.join("<br>");
}

const clip = (text: string): string => (text.length > REASON ? `${text.slice(0, REASON)}…` : text);

function restart([, change = "", why = "", away = ""]: string[]): string {
  const reason = why === "" ? "" : `: ${plain(why)}`;
  const time = away === "" || away === "not at all" ? "" : `<br>away ${plain(away)}`;
  return `${plain(change)}${reason}${time}`;
}

/** `migrations run: + V9__goals.sql`: what follows the colon are names of files. */
function datum(what: string, text: string, reasons: number): string {
  const [, words = text, names] = /^(.*?): (.*)$/.exec(text) ?? [];
  if (names === undefined) return `${plain(what)} ${plain(words)}`;
  return `${plain(what)} ${plain(words)}:<br>${list(names.split(", "), reasons)}`;
}

/** The diff in a block that is folded; what does not fit is cut at a line, and a sentence says so. */
function folded(diff: DiffLine[], room: number): string {
  if (diff.length === 0) return "";
  const begin = "\n<details>\n<summary>Pulumi's diff</summary>\n\n";
  const end = "\n</details>\n";
  const whole = begin + block("diff", diffInMarkdown(diff)) + end;
  if (size(whole) <= room) return whole;
  let [fits, over] = [0, diff.length];
  const cut = (count: number) =>
    `${begin}${block("diff", diffInMarkdown(diff.slice(0, count)))}\n_Cut here: ${diff.length - count} of ${diff.length} lines do not fit in a comment. \`npm run preview -- --diff\` shows all of them._\n${end}`;
  while (over - fits > 1) {
    const middle = Math.floor((fits + over) / 2);
    if (size(cut(middle)) <= room) fits = middle;
    else over = middle;
  }
  return cut(fits);
}
