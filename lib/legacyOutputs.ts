/**
 * Reads what steps left in a stack's state until 28 November 2026: sentences, and a history in which each generation held
 * only what differed from the one before. Pulumi renews a step's output only when the step runs again, so a stack keeps
 * these texts until something about it changes.
 */

/** Bytes of an image, from `… is in docker already, 63.6 MB (63590560 bytes)`. */
export const legacySize = (sentence: string): number => Number(/\((\d+) bytes\)$/.exec(sentence)?.[1]);

/** Seconds from `agatha-back is healthy after 1.7 s, away for 2.3 s`. */
export function legacyHealth(sentence: string): { startSeconds?: number; awaySeconds?: number } {
  const [start, away] = [/after ([\d.]+) s/, /away for ([\d.]+) s/].map((form) => form.exec(sentence)?.[1]);
  return { ...(start && { startSeconds: Number(start) }), ...(away && { awaySeconds: Number(away) }) };
}

/** An image in the history, with all its inputs; those of a map have the key `migrations/V1__a.sql`. */
interface Image {
  ref: string;
  pinned?: true;
  inputs: Record<string, unknown>;
}

interface Stored {
  at: string;
  /** An image that is left out is the one of the generation before. */
  images: Record<string, { ref: string; pinned?: true; set?: Record<string, unknown>; unset?: string[] }>;
}

/** The generations of a history, oldest first. @throws TypeError if it is not such a list. */
export function legacyGenerations(list: unknown): { at: string; images: Record<string, Image> }[] {
  let images: Record<string, Image> = {};
  return (list as Stored[]).map(({ at, images: given }) => {
    images = { ...images };
    for (const [service, { ref, pinned, set, unset = [] }] of Object.entries(given)) {
      const inputs = { ...images[service]?.inputs, ...set };
      for (const key of unset) delete inputs[key];
      images[service] = { ref, ...(pinned && { pinned }), inputs };
    }
    const whole = Object.entries(images).map(
      ([service, image]) => [service, { ...image, inputs: nested(image.inputs) }] as const,
    );
    return { at, images: Object.fromEntries(whole) };
  });
}

function nested(inputs: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(inputs)) {
    const [name = "", file] = key.split(/\/(.*)/s);
    result[name] = file === undefined ? value : { ...(result[name] as object), [file]: value };
  }
  return result;
}
