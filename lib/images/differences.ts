/** What differs between the inputs of two images, or between any two maps that a reviewer reads. */

/** A difference: `~ jre 17.0.15 => 17.0.16`, `+ V21__add_goal.sql`, `- java.sql`. */
export interface Difference {
  /** Changed, came, or went. */
  mark: "~" | "+" | "-";
  name: string;
  /** The values, as people read them. Left out if the name says it all. */
  detail?: string;
}

export const worded = ({ mark, name, detail }: Difference): string =>
  detail === undefined ? `${mark} ${name}` : `${mark} ${name} ${detail}`;

/** What differs between two maps, by key. Of a map within them, only names are shown: its values are hashes of files. */
export function differences(before: Record<string, unknown>, after: Record<string, unknown>): Difference[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) => difference(printable(key), before[key], after[key]));
}

function difference(name: string, before: unknown, after: unknown): Difference[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) return listDifference(name, before, after);
  if (isMap(before) && isMap(after))
    return differences(before, after).map((entry) =>
      entry.mark === "~" ? entry : { mark: entry.mark, name: entry.name },
    );
  if (before === undefined) return [{ mark: "+", name, detail: short(after) }];
  if (after === undefined) return [{ mark: "-", name, detail: short(before) }];
  return [{ mark: "~", name, detail: `${short(before)} => ${short(after)}` }];
}

function listDifference(name: string, before: unknown[], after: unknown[]): Difference[] {
  const entries = (mark: "+" | "-", these: unknown[], others: unknown[]) =>
    these
      .filter((entry) => !others.includes(entry))
      .map((entry) => ({ mark, name: printable(String(entry)) }));
  const found: Difference[] = [...entries("-", before, after), ...entries("+", after, before)];
  return found.length > 0 ? found : [{ mark: "~", name, detail: "in another order" }];
}

export const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A text on one line, without characters that a terminal acts upon. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\u{fffd}");

/** Digests and store hashes by their first characters, which tell them apart well enough to read. */
export function short(value: unknown): string {
  return printable(String(isMap(value) ? `${Object.keys(value).length} files` : value))
    .replace(/^(sha256:[0-9a-f]{8})[0-9a-f]+$/, "$1…")
    .replace(/^[\w-]+:([0-9a-z]{8})[0-9a-z]{24}$/, "$1…");
}
