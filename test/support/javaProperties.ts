/** Reads a properties file like `java.util.Properties`, independently implemented from its documentation. */
export function readProperties(text: string): Record<string, string> {
  const found = new Map<string, string>();
  for (const line of logicalLines(text)) {
    const { key, value } = split(line);
    found.set(unescaped(key), unescaped(value));
  }
  return Object.fromEntries(found);
}

/** Joins lines that end in an odd number of backslashes; leaves out blank lines and comments. */
function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let pending: string | undefined;
  for (const natural of text.split(/\r\n|[\n\r]/)) {
    const line = natural.replace(/^[ \t\f]+/, "");
    if (pending === undefined && (line === "" || line.startsWith("#") || line.startsWith("!"))) continue;
    const whole = `${pending ?? ""}${line}`;
    const continues = (/\\*$/.exec(line)?.[0].length ?? 0) % 2 === 1;
    pending = continues ? whole.slice(0, -1) : undefined;
    if (!continues) lines.push(whole);
  }
  if (pending !== undefined) lines.push(pending);
  return lines;
}

/** The key ends at the first `=`, `:` or blank without a backslash before it. */
function split(line: string): { key: string; value: string } {
  let end = 0;
  while (end < line.length && !/[=: \t\f]/.test(line.charAt(end))) end += line.charAt(end) === "\\" ? 2 : 1;
  return { key: line.slice(0, end), value: line.slice(end).replace(/^[ \t\f]*[=:]?[ \t\f]*/, "") };
}

const NAMED: Record<string, string> = { t: "\t", n: "\n", r: "\r", f: "\f" };

const unescaped = (text: string): string =>
  text.replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (_, code: string | undefined, character: string) =>
    code === undefined ? (NAMED[character] ?? character) : String.fromCharCode(Number.parseInt(code, 16)),
  );
