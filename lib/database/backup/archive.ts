/** PostgreSQL's custom archive format, as far as a dump is judged by it: its header, and the rows in it. */
import type { Rows } from "../postgres.ts";
import { unquoted } from "../sql.ts";

/** What a dump says of itself. */
export interface ArchiveHeader {
  /** The server it was taken from: `13.14`. */
  serverVersion: string;
  /** The pg_dump that took it: `15.8`. */
  dumpVersion: string;
  /** The database's name. */
  database: string;
}

/** Bytes that hold every header: fixed parts, a database's name and two versions. */
export const HEADER_BYTES = 4096;

/** `archCustom` of PostgreSQL's pg_backup.h. */
const CUSTOM = 1;

/** Since this version of the format, one byte names the compression; before it was an integer. */
const COMPRESSION_BYTE = 0x010f;

/** Second, minute, hour, day, month, year and daylight saving time of the dump. */
const DATE_INTEGERS = 7;

/**
 * Reads the header of a custom archive (`WriteHead` of PostgreSQL's pg_backup_archiver.c).
 *
 * @param start The file's first bytes, at least HEADER_BYTES where it has as many.
 * @returns undefined where it is no such archive.
 */
export function readHeader(start: Buffer): ArchiveHeader | undefined {
  if (start.subarray(0, 5).toString("latin1") !== "PGDMP" || start.length < 11) return undefined;
  const [major = 0, minor = 0, , integerSize = 0, , format = 0] = start.subarray(5, 11);
  if (format !== CUSTOM || integerSize < 1 || integerSize > 8) return undefined;
  let at = 11;
  const integer = (): number => {
    const negative = start[at] !== 0;
    let value = 0;
    for (let byte = integerSize; byte > 0; byte--) value = value * 256 + (start[at + byte] ?? 0);
    at += 1 + integerSize;
    return negative ? -value : value;
  };
  const text = (): string => {
    const length = Math.max(0, integer());
    at += length;
    return start.subarray(at - length, at).toString("utf8");
  };
  if (major * 256 + minor >= COMPRESSION_BYTE) at += 1;
  else integer();
  for (let i = 0; i < DATE_INTEGERS; i++) integer();
  const [database, server, dump] = [text(), text(), text()];
  if (at > start.length || !/^\d/.test(server) || !/^\d/.test(dump)) return undefined;
  const version = (said: string) => said.split(" ")[0] ?? "";
  return { database, serverVersion: version(server), dumpVersion: version(dump) };
}

const NEWLINE = 10;

/** Longest beginning of a line that is kept, in bytes: a COPY statement of 1600 columns fits, a row need not. */
const KEPT = 1 << 20;

const NAME = '"(?:[^"]|"")+"|[^".\\s(]+';
const COPY = new RegExp(`^COPY (${NAME})\\.(${NAME})\\s+(?:\\(.*\\) )?FROM stdin;$`);

/** Counts the rows in the SQL text that `pg_restore --data-only` makes of a dump: each is a line of its own. */
export class RowCounter {
  readonly rows: Rows = new Map();
  /** Bytes of SQL text: what the rows take without indexes, about. */
  bytes = 0;
  private table: string | undefined;
  private count = 0;
  /** What came of the line that is not at its end yet. */
  private begun: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): void {
    this.bytes += chunk.length;
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      const part = chunk.subarray(from, end);
      this.line(this.begun.length === 0 ? part : Buffer.concat([this.begun, part]));
      this.begun = Buffer.alloc(0);
      from = end + 1;
    }
    if (from < chunk.length && this.begun.length < KEPT)
      this.begun = Buffer.concat([this.begun, chunk.subarray(from)]);
  }

  private line(line: Buffer): void {
    if (this.table !== undefined) {
      // The end of the rows; in a row, a backslash never stands alone.
      if (line.length !== 2 || line.toString("latin1") !== "\\.") this.count += 1;
      else {
        this.rows.set(this.table, this.count);
        this.table = undefined;
      }
      return;
    }
    if (!line.subarray(0, 5).equals(COPY_START)) return;
    const [, schema, table] = COPY.exec(line.toString("utf8")) ?? [];
    if (schema === undefined || table === undefined) return;
    this.table = `${unquoted(schema)}.${unquoted(table)}`;
    this.count = 0;
  }
}

const COPY_START = Buffer.from("COPY ");
