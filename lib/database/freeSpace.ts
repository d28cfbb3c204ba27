/** Free space on a disk, and whether it suffices. */
import { megabytes } from "../units.ts";
import { UserError } from "../userError.ts";

/** The free bytes in what `df -Pk` printed of one folder; NaN if there are none. */
export const freeIn = (printed: string): number =>
  Number(printed.trim().split("\n").at(-1)?.split(/\s+/)[3]) * 1024;

/** Refuses what may not fit. @param elsewhere The other fix. @throws UserError with both numbers. */
export function requireSpace(
  place: string,
  free: number,
  needed: number,
  what = "a backup",
  elsewhere = "set agatha:backups.to to another place",
): void {
  if (free >= needed) return;
  throw new UserError(
    `${place}: has ${megabytes(free)} free, and ${what} takes up to ${megabytes(needed)}. Make room there, or ${elsewhere}.`,
  );
}
