/** Durations as docker writes them, so that the configured one and the one read back compare equal. */

const UNITS = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

/**
 * A duration's canonical form: "90s" becomes "1m30s", "60s" becomes "1m0s".
 *
 * @returns undefined if the text is not a positive duration in h, m, s and ms.
 */
export function duration(text: string): string | undefined {
  const milliseconds = toMilliseconds(text);
  if (milliseconds === undefined || milliseconds < 1) return undefined;
  if (milliseconds < 1000) return `${milliseconds}ms`;
  const hours = Math.floor(milliseconds / UNITS.h);
  const minutes = Math.floor((milliseconds % UNITS.h) / UNITS.m);
  const seconds = (milliseconds % UNITS.m) / UNITS.s;
  return `${hours}h${minutes}m${seconds}s`.replace(/^0h(0m)?/, "");
}

/** A duration in milliseconds, or undefined if the text is none. At most a day: more is a typing error. */
export function toMilliseconds(text: string): number | undefined {
  if (!/^(\d{1,8}(\.\d{1,3})?(h|ms|m|s))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g))
    total += Math.round(Number(amount) * UNITS[unit as keyof typeof UNITS]);
  return total <= 24 * UNITS.h ? total : undefined;
}

/** A canonical duration in whole seconds, rounded up. */
export const seconds = (canonical: string): number => Math.ceil((toMilliseconds(canonical) ?? 0) / 1000);
