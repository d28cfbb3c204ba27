/** Text into GitHub's Markdown: whatever it holds, it is shown as it is and changes nothing around it. */

/** Control characters, line breaks and marks that turn the direction of text have no place in a line. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** What needs no escape in text, and in a span of code. */
const PLAIN = /^[\w .,:;+~=/()…-]*$/;
const PLAIN_CODE = /^[\w.,:;+~=/()…-][\w .,:;+~=/()…>-]*$/;

const entities = (text: string): string =>
  text.replace(/[^ ,;\p{L}\p{N}…]/gu, (c) => `&#${c.codePointAt(0)};`);

/** A span of code; also within a table's cell. */
export function code(text: string): string {
  const line = text.replace(UNSEEN, "\u{fffd}");
  // In a tag, nobody is notified by an @ either.
  return PLAIN_CODE.test(line) && !line.endsWith(" ") ? `\`${line}\`` : `<code>${entities(line)}</code>`;
}

/** Words of our own that may hold a name from outside. */
export function plain(text: string): string {
  const line = text.replace(UNSEEN, "\u{fffd}");
  if (PLAIN.test(line) && !/(^|\W)_|_(\W|$)|~~|:\/\//.test(line)) return line;
  // As an entity, too, @ and # make a mention and a reference: a space without width parts them from what follows.
  return entities(line).replace(/&#(64|35);/g, "&#$1;&#8203;");
}

/** A block of code: its fence is longer than any in the text. */
export function block(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text.replace(/[^\n\t\P{Cc}]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "\u{fffd}").trimEnd()}\n${fence}\n`;
}

/** A table; its cells are Markdown already. */
export function markdownTable(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${head.map((_, column) => cells[column] ?? "").join(" | ")} |\n`;
  return [head, head.map(() => "---"), ...rows].map(line).join("");
}
