/** Apt's sources of another Debian suite, made from a machine's own. */

/**
 * Keeps those sources that are for `from` itself, its updates or its security updates, and names `to` in their place.
 *
 * @param text A file of `sources.list.d` (`.sources`, in stanzas) or a `sources.list` (a line a source).
 * @param deb822 Whether the text is in stanzas.
 * @returns The same kind of text; empty if no source is for `from`.
 */
export function sourcesOfSuite(text: string, deb822: boolean, from: string, to: string): string {
  const entries = deb822 ? text.split(/\n\s*\n/) : text.split("\n");
  const kept = entries.flatMap((entry) => {
    const other = deb822 ? inStanza(entry, from, to) : inLine(entry, from, to);
    return other === undefined ? [] : [other];
  });
  return kept.length === 0 ? "" : `${kept.join(deb822 ? "\n\n" : "\n")}\n`;
}

const SUFFIXES = ["", "-updates", "-security"];

/** The suites' counterparts; those with none are left out. */
const counterparts = (suites: string[], from: string, to: string): string[] =>
  suites.flatMap((suite) => {
    const suffix = suite.startsWith(from) ? suite.slice(from.length) : undefined;
    return suffix !== undefined && SUFFIXES.includes(suffix) ? [`${to}${suffix}`] : [];
  });

function inStanza(stanza: string, from: string, to: string): string | undefined {
  const lines = stanza.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  const types = lines.find((line) => /^Types:/i.test(line)) ?? "";
  if (!/\bdeb(?!-)\b/.test(types) || lines.some((line) => /^Enabled:\s*no/i.test(line))) return undefined;
  const suites = lines.findIndex((line) => /^Suites:/i.test(line));
  const others = counterparts(lines[suites]?.replace(/^Suites:/i, "").split(/\s+/) ?? [], from, to);
  if (others.length === 0) return undefined;
  return lines.with(suites, `Suites: ${others.join(" ")}`).join("\n");
}

function inLine(line: string, from: string, to: string): string | undefined {
  const parts = /^\s*deb\s+(\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)$/.exec(line);
  if (parts === null) return undefined;
  const [, options = "", uri = "", suite = "", components = ""] = parts;
  const [other] = counterparts([suite], from, to);
  return other === undefined ? undefined : `deb ${options}${uri} ${other} ${components}`;
}
