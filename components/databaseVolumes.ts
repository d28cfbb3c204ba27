/** Which of a stack's volumes belongs to which major version of PostgreSQL, and what follows from those that are there. */

/** The version whose volume bears no number: what the first stacks ran. */
export const FIRST_MAJOR = 13;

/** `agatha-dev-db-data`, and `agatha-dev-db-data-17` for a later version: a data directory belongs to one version. */
export const volumeOf = (base: string, major: number): string =>
  major === FIRST_MAJOR ? base : `${base}-${major}`;

/** The version that a volume belongs to; undefined where it is none of this stack's data. */
export function majorOfVolume(base: string, volume: string): number | undefined {
  if (volume === base) return FIRST_MAJOR;
  const major = volume.startsWith(`${base}-`) ? Number(volume.slice(base.length + 1)) : Number.NaN;
  return Number.isInteger(major) && volumeOf(base, major) === volume ? major : undefined;
}

/** What is to be done before a database of some version starts. */
export type Plan =
  | { kind: "nothing" }
  /** The data lies in the volume of an older version. */
  | { kind: "upgrade"; from: number; volume: string }
  /** The data is of a newer version. */
  | { kind: "refuse"; newer: number; volume: string };

/**
 * @param base Name of the first version's volume.
 * @param major The version that is wanted.
 * @param volumes The stack's volumes.
 * @param mounted The volumes of the database's container, running or not. Where it has one of ours, that is where the
 * data is, whatever others there are: what an interrupted upgrade left, or what was kept.
 */
export function planOf(base: string, major: number, volumes: string[], mounted: string[]): Plan {
  const majors = (names: string[]) =>
    names
      .map((name) => majorOfVolume(base, name))
      .filter((found) => found !== undefined)
      .sort((a, b) => b - a);
  const [used] = majors(mounted);
  const kept = majors(volumes);
  const newest = kept[0];
  const holder = used ?? (newest !== undefined && newest > major ? newest : undefined);
  if (holder !== undefined && holder > major)
    return { kind: "refuse", newer: holder, volume: volumeOf(base, holder) };
  const from = used ?? (kept.includes(major) ? major : newest);
  if (from === undefined || from === major) return { kind: "nothing" };
  return { kind: "upgrade", from, volume: volumeOf(base, from) };
}
