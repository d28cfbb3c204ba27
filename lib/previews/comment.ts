/** A preview as a comment for a pull request: sentences and a table on top, Pulumi's diff folded away below. */
import { inWords } from "./away.ts";
import { type Changes, type DataChange, type ImageChange, type ServiceChange, STAYS } from "./changes.ts";
import { type DiffLine, diffInMarkdown, shorten } from "./diff.ts";
import { block, code, markdownTable, plain } from "./markdown.ts";

/** GitHub takes 65,536 characters. Bytes are counted, which are never fewer; some are left for what posts the comment. */
export const LIMIT = 65_536 - 1024;

/** Reasons shown in one cell, fewer if that is too much: a release with hundreds of migrations has to fit as well. */
const REASONS = [25, 5, 1];

/** Characters of one reason: a file's name may have 255. */
const REASON = 120;

/** Characters of an error that are shown: a longer one has its cause at the end. */
const ERROR = 6000;

const size = (text: string): number => Buffer.byteLength(text);

const EMPTY =
  "Previewed without the stack's state and secrets, as a stack made anew: what is deployed stays out of sight.\n";

/** The comment on a preview that went well. @param empty Whether it was made against an empty state. */
export function comment(changes: Changes, diff: DiffLine[], warnings: string[], empty = false): string {
  const title = plain(changes.stack);
  const warned = warnings.slice(0, 10).map((text) => `> **Warning:** ${code(clip(shorten(text)))}\n`);
  if (!changes.any) return [`### ${title}: nothing would change\n`, ...warned].join("\n");
  const summaries = REASONS.map((reasons) =>
    [
      `### ${title}: what \`up\` would change\n`,
      empty ? EMPTY : `${sentences(changes)}\n`,
      markdownTable(["image", "change", "why", "restart", "data"], rows(changes, reasons)),
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
  let text = `### ${plain(stack)}: the preview failed\n\n${intro}`;
  for (const [index, error] of shown.entries()) {
    if (size(text) + size(error) > LIMIT - 200)
      return `${text}\n_${shown.length - index} more errors do not fit in a comment: see the log of the run._\n`;
    text += `\n${error}`;
  }
  return text;
}

/** Which services will be away and for how long, and what happens to the data. */
function sentences({ services, data }: Changes): string {
  const away = services.flatMap(({ name, away }) => {
    if (away === undefined || away === "not at all") return [];
    if (away === "not known yet") return [`\`${name}\` will be away, for how long is not known yet`];
    const time = /^(from|until) /.test(String(away)) ? away : `for ${inWords(away)}`;
    return [`\`${name}\` will be away ${time}`];
  });
  const absent = away.length === 0 ? "No service will be away" : away.join("; ");
  const volume = data.find(({ what }) => what === "volume")?.change ?? STAYS;
  return `${absent}. ${volume === STAYS ? "The data stays." : `The data's volume ${plain(volume)}.`}`;
}

/** A row for each service: its image, its container, and what happens to its data. */
function rows({ images, services, data }: Changes, reasons: number): string[][] {
  return images.map((image) => {
    const { name, why } = image;
    const restarts = services.filter((service) => service.name === name).map(restart);
    const itsData = data.filter(({ of }) => of === name).map((change) => datum(change, reasons));
    return [
      `**${plain(name)}**`,
      imageChange(image),
      list(why, reasons),
      restarts.join(""),
      itsData.join("<br>"),
    ];
  });
}

const imageChange = ({ change }: ImageChange): string =>
  typeof change === "string" ? plain(change) : `${code(change.from)} ⇒ ${code(change.to)}`;

/** Reasons, one a line. */
function list(reasons: string[], most: number): string {
  const shown = reasons.slice(0, most).map((reason) => code(clip(reason)));
  if (reasons.length > most) shown.push(`and ${reasons.length - most} more`);
  return shown.join("<br>");
}

const clip = (text: string): string => (text.length > REASON ? `${text.slice(0, REASON)}…` : text);

function restart({ change, why, away }: ServiceChange): string {
  const reason = why.length === 0 ? "" : `: ${plain(why.join(", "))}`;
  const time = away === undefined || away === "not at all" ? "" : `<br>away ${plain(inWords(away))}`;
  return `${plain(change)}${reason}${time}`;
}

const datum = ({ what, change, files }: DataChange, reasons: number): string =>
  `${plain(what)} ${plain(change)}${files === undefined ? "" : `:<br>${list(files, reasons)}`}`;

/** The diff in a folded block. If it does not fit, it is cut at a line, and a sentence says so. */
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
