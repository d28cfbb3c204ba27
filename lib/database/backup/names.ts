/** What every place of backups has in common. Names: `dev-20261124T230507Z-postgresql13.14.dump`. */

/** A backup that is being written; it has its name only once it is complete. */
export interface Draft {
  write(chunk: Buffer): Promise<void>;
  /** Makes it last, under its name, with its checksum beside it. */
  keep(sha256: string): Promise<void>;
  /** Removes it. */
  discard(): Promise<void>;
}

export interface Target {
  /** A file's place, for people. */
  place(name: string): string;
  /** Room for more, in bytes. @throws UserError if the folder is not there. */
  freeBytes(): Promise<number>;
  /** The names in the folder. */
  list(): Promise<string[]>;
  create(name: string): Promise<Draft>;
  /** Removes a backup and its checksum. */
  remove(name: string): Promise<void>;
}

const SUFFIX = ".dump";
/** Marks what `up` took by itself, and may remove again. */
const AUTOMATIC = "-before-migrations";

export function backupName(stack: string, time: Date, version: string, automatic: boolean): string {
  // `20261124T230507Z`: UTC, in an order that sorts by time.
  const stamp = `${time.toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
  return `${stack}-${stamp}-postgresql${version}${automatic ? AUTOMATIC : ""}${SUFFIX}`;
}

/** The file beside a backup that has its checksum, as `sha256sum -c` reads it. */
export const checksumName = (name: string): string => `${name}.sha256`;

export const checksumLine = (sha256: string, name: string): string => `${sha256}  ${name}\n`;

/** The checksum in such a file; undefined if it holds none. */
export const checksumIn = (text: string): string | undefined => /^([0-9a-f]{64})[ *]/m.exec(text)?.[1];

/** A name that a backup has while it is written. */
export const partialName = (name: string): string => `.${name}.partial`;

/**
 * The backups that are too many: of those that `up` took of this stack, all but the `keep` newest. What a person made, or
 * renamed, is never among them.
 */
export function superfluous(names: string[], stack: string, keep: number): string[] {
  const prefix = `${stack}-`;
  const rest = new RegExp(`^\\d{8}T\\d{6}Z-postgresql[\\w.]+${AUTOMATIC}\\${SUFFIX}$`);
  const own = names.filter((name) => name.startsWith(prefix) && rest.test(name.slice(prefix.length)));
  return own.sort().reverse().slice(keep);
}
