/** Texts of the configuration: how errors show them, and what no text or key may hold. */

/** The namespace of every key: `pulumi config set agatha:<key>`. */
export const NAMESPACE = "agatha";

/** Longest part of a received text that an error repeats, in characters. */
const SHOWN = 80;

/** Levels of lists and objects that a value may have; the schema knows five. */
const DEEPEST = 20;

/** Control characters and those that a terminal shows as nothing; JSON leaves them as they are. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A text in quotes, on one line, without characters that a terminal acts upon; a long one is cut. */
export function quoted(text: string): string {
  const start = [...text.slice(0, 2 * SHOWN)].slice(0, SHOWN).join("");
  const safe = JSON.stringify(start).replace(
    UNSEEN,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
  return start.length === text.length ? safe : `${safe.slice(0, -1)}…"`;
}

/** A key as Pulumi's --path takes it: `back.files["/home/x.txt"]`. */
export function dotted(path: PropertyKey[]): string {
  return path
    .map((part) => {
      if (typeof part === "number") return `[${part}]`;
      return /^[\w-]{1,80}$/.test(String(part)) ? `.${String(part)}` : `[${quoted(String(part))}]`;
    })
    .join("")
    .replace(/^\./, "");
}

/**
 * The first thing that is wrong with a value whatever its key: `<key>: <what>. <The fix>.`
 *
 * @param path Where the value is.
 */
export function unusable(value: unknown, path: PropertyKey[]): string | undefined {
  if (path.length > DEEPEST)
    return `${dotted(path.slice(0, 3))}: is nested ${DEEPEST} levels deep. Remove what no key needs.`;
  if (typeof value === "string" && !isText(value))
    return `${dotted(path)}: the value (not shown) holds a NUL or half a character. Remove it.`;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, child] of Object.entries(value)) {
    const below = [...path, Array.isArray(value) ? Number(key) : key];
    // As a name it would set an object's prototype, and be lost.
    if (key === "__proto__")
      return `${dotted(below)}: is not a key that is known. Remove it; the README lists the keys.`;
    if (!isText(key)) return `${dotted(below)}: the name holds a NUL or half a character. Remove it.`;
    const found = unusable(child, below);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether a text can be handed to a program and written as UTF-8. */
const isText = (text: string): boolean => !/\0|\p{Surrogate}/u.test(text);
