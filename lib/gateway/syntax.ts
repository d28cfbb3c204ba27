/** How the text of haproxy.cfg is written. */

export const section = (head: string, lines: string[]): string =>
  [head, ...lines.map((line) => `  ${line}`)].join("\n");

/** A text as one word of the configuration. */
export function word(text: string): string {
  return text.replace(/[\\"'# ]/g, "\\$&").replaceAll("\n", "\\n");
}
