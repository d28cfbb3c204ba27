/** Writes text as GitHub's Markdown, so that it is shown as it is and changes nothing around it. */

/** Characters that a line must not have: control characters, line breaks and marks that change the text's direction. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Text, and a span of code, that need no escapes. */
const PLAIN = /^[\w .,:;+~=/()…-]*$/;
const PLAIN_CODE = /^[\w.,:;+~=/()…-][\w .,:;+~=/()…>-]*$/;

const entities = (text: string): string =>
  text.replace(/[^ ,;\p{L}\p{N}…]/gu, (c) => `&#${c.codePointAt(0)};`);

/** A span of code; also within a table's cell. */
export function code(text: string): string {
  const line = text.replace(UNSEEN, "\u{fffd}");
  // Within a tag, an @ mentions nobody.
  return PLAIN_CODE.test(line) && !line.endsWith(" ") ? `\`${line}\`` : `<code>${entities(line)}</code>`;
}

/** A sentence of ours that may hold a name from outside. */
export function plain(text: string): string {
  const line = text.replace(UNSEEN, "\u{fffd}");
  if (PLAIN.test(line) && !/(^|\W)_|_(\W|$)|~~|:\/\//.test(line)) return line;
  // An @ or # is a mention or a reference even as an entity, so a space without width follows it.
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
