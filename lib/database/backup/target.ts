/** Where backups go: a folder of this machine, or one of another host over ssh. */
import { UserError } from "../../userError.ts";

/** A backup that is being written; it bears its name only once it is whole. */
export interface Draft {
  write(chunk: Buffer): Promise<void>;
  /** Makes it last, under its name, with its checksum beside it. */
  keep(sha256: string): Promise<void>;
  /** Leaves nothing of it. */
  discard(): Promise<void>;
}

export interface Target {
  /** A file's place, for people. */
  place(name: string): string;
  /** Room for more, in bytes. @throws UserError where the folder is not there. */
  freeBytes(): Promise<number>;
  /** The names in the folder. */
  list(): Promise<string[]>;
  create(name: string): Promise<Draft>;
  /** Removes a backup and its checksum. */
  remove(name: string): Promise<void>;
}

/**
 * Refuses what may not fit.
 *
 * @param what What is to be written.
 * @param elsewhere The other fix.
 * @throws UserError with both numbers.
 */
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

/** `1.2 MB` */
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
