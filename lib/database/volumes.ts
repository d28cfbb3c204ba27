/** Which of a stack's volumes belongs to which major version of PostgreSQL, and what follows from those that are there. */

/** The version whose volume has no number: what the first stacks ran. */
export const FIRST_MAJOR = 13;

/** `agatha-dev-db-data`, and `agatha-dev-db-data-17` for a later version: a data directory belongs to one version. */
export const volumeOf = (base: string, major: number): string =>
  major === FIRST_MAJOR ? base : `${base}-${major}`;

/** The version that a volume belongs to; undefined if it is none of this stack's data. */
export function majorOfVolume(base: string, volume: string): number | undefined {
  if (volume === base) return FIRST_MAJOR;
  const major = volume.startsWith(`${base}-`) ? Number(volume.slice(base.length + 1)) : Number.NaN;
  return Number.isInteger(major) && volumeOf(base, major) === volume ? major : undefined;
}

/** What is to be done before a database of some version starts; `volume` is the one with the data. */
type Plan =
  | { kind: "nothing" }
  | { kind: "upgrade"; from: number; volume: string }
  /** The same, and the version's own volume has been in use: which of them is the data is not known. */
  | { kind: "both"; from: number; volume: string }
  /** The data is of a newer version. */
  | { kind: "refuse"; newer: number; volume: string };

/** What a volume holds: no whole data directory; what an upgrade put there and no database has started on since; or data. */
export type Content = "nothing" | "unused" | "data";

/**
 * @param base Name of the first version's volume.
 * @param major The version that is wanted.
 * @param mounted The volumes of the database's container, running or not. If it has one of ours, that is the data, whatever
 * others there are: what an interrupted upgrade left, or what was kept.
 */
export function planOf(base: string, major: number, volumes: string[], mounted: string[]): Plan {
  const majors = (names: string[]) =>
    names.flatMap((name) => majorOfVolume(base, name) ?? []).sort((a, b) => b - a);
  const [used] = majors(mounted);
  const kept = majors(volumes);
  const newest = kept[0] ?? major;
  const newer = used ?? newest;
  if (newer > major) return { kind: "refuse", newer, volume: volumeOf(base, newer) };
  const from = used ?? (kept.includes(major) ? major : newest);
  return from === major ? { kind: "nothing" } : { kind: "upgrade", from, volume: volumeOf(base, from) };
}

/** A remark for refused newer data: an older volume may be what somebody went on with meanwhile. */
export function keptBeside(base: string, newer: number, volumes: string[]): string {
  const older = volumes.filter((name) => (majorOfVolume(base, name) ?? newer) < newer).sort();
  if (older.length === 0) return "";
  return ` ${older.join(", ")} is kept beside ${volumeOf(base, newer)}: if an upgrade was interrupted and the older version used after it, what was written then is only there. Look into both before you drop one.`;
}

/**
 * The plan, once it is known what the volume of the wanted version holds; one that is in use counts as "data". What an earlier
 * upgrade put there and nobody used may be older than its source, with which somebody went on since: it is made anew.
 */
export function planInto(
  base: string,
  major: number,
  volumes: string[],
  mounted: string[],
  content: Content,
): Plan {
  const plan = planOf(base, major, volumes, mounted);
  if (plan.kind === "upgrade" && content === "data") return { ...plan, kind: "both" };
  if (plan.kind !== "nothing" || content === "data") return plan;
  const others = volumes.filter((name) => name !== volumeOf(base, major));
  return planOf(base, major, others, mounted);
}

/** The message for a stack that Pulumi renamed: everything on the docker host still has the name from before. */
export const renamed = (stack: string, before: string, volume: string): string =>
  `stack ${stack}: was renamed from ${before}, and its containers and its data, in volume ${volume}, are still those of ${before}. Rename it back (\`pulumi stack rename ${before} --stack ${stack}\`), or take the data along by backup and restore, as docs/environments.md describes.`;
