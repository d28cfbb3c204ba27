/** The file to restore: which kind of dump it is, whether it is whole, and how its bytes are read. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { quoted } from "../../config/text.ts";
import { UserError } from "../../userError.ts";
import { checksumIn, checksumName } from "../backup/names.ts";

/** What a custom archive says of itself, also to a server that cannot read the rest. */
interface ArchiveHeader {
  /** The database's name. */
  database: string;
  /** The server it was taken from: `13.14`. */
  serverVersion: string;
}

/** A file that pg_dump wrote. */
export interface DumpFile {
  /** Its place, for people. */
  place: string;
  /** Of a custom archive; undefined for SQL text. */
  header: ArchiveHeader | undefined;
  /** Whether its checksum lies beside it. */
  isChecked: boolean;
  /** Its bytes, uncompressed. */
  read(): Readable;
}

/** Bytes that hold every header: fixed parts, a database's name and two versions. */
const HEADER_BYTES = 4096;

/** How a dump is taken that nothing rewrites on its way. */
const TAKE = "Take it with `docker compose exec -T agatha-db pg_dump -U postgres -Fc DATABASE > FILE`";
const BY_FILE =
  "or let pg_dump write the file (`-f /tmp/FILE`) and take it out with `docker compose cp`, as on Windows";

/**
 * Looks at a file's beginning and at its checksum.
 *
 * @param path A file that is there. @param place The same, for people.
 * @throws UserError if it is damaged, or no dump that can be restored.
 */
export async function examine(path: string, place: string): Promise<DumpFile> {
  const [start, sha256] = await beginningOf(path);
  const sums = checksumName(path);
  const wanted = existsSync(sums) ? (checksumIn(readFileSync(sums, "utf8")) ?? "unreadable") : undefined;
  if (wanted !== undefined && wanted !== sha256)
    throw new UserError(
      `restore: ${place} is damaged: its checksum is ${sha256}, and ${checksumName(place)} says ${wanted}. Take another backup, or another copy of this one.`,
    );
  const isGzip = start[0] === 0x1f && start[1] === 0x8b;
  const read = () => {
    const file = createReadStream(path);
    // An error of the file ends the other stream, too.
    return isGzip ? pipeline(file, createGunzip(), () => {}) : file;
  };
  const content = isGzip ? await firstBytes(read(), place) : start;
  const reason = refusal(content);
  if (reason !== undefined) throw new UserError(`restore: ${place} ${reason}.`);
  return { place, header: readHeader(content), isChecked: wanted !== undefined, read };
}

/** The file's first bytes, and the checksum of all of them. */
async function beginningOf(path: string): Promise<[Buffer, string]> {
  const hash = createHash("sha256");
  let start = Buffer.alloc(0);
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    if (start.length < HEADER_BYTES) start = Buffer.concat([start, chunk]).subarray(0, HEADER_BYTES);
  }
  return [start, hash.digest("hex")];
}

async function firstBytes(stream: Readable, place: string): Promise<Buffer> {
  let start = Buffer.alloc(0);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      start = Buffer.concat([start, chunk]).subarray(0, HEADER_BYTES);
      if (start.length === HEADER_BYTES) break;
    }
  } catch (error) {
    throw new UserError(
      `restore: ${place} cannot be unpacked: ${(error as Error).message}. Take another copy of it.`,
    );
  }
  return start;
}

/** What the file is, if it cannot be restored, and the fix; undefined if it can. @param start Its first bytes. */
export function refusal(start: Buffer): string | undefined {
  const text = start.toString("latin1");
  const rewritten = howRewritten(text);
  if (rewritten !== undefined)
    return `was rewritten on its way here: it has ${rewritten}, as PowerShell's \`>\`, an editor or a terminal (\`docker exec -t\`) make them. ${TAKE}, ${BY_FILE}`;
  if (text.includes("-- PostgreSQL database cluster dump"))
    return `holds all databases of a server, by pg_dumpall. ${TAKE}`;
  if (text.startsWith("toc.dat\0") && text.slice(257, 262) === "ustar")
    return `is a dump in PostgreSQL's tar format. ${TAKE}`;
  if (/^(?:--\r?\n)?-- PostgreSQL database dump\r?\n/.test(text) || readHeader(start) !== undefined)
    return undefined;
  if (/PGDMP|^-- PostgreSQL database dump/m.test(text))
    return `has something before the dump: ${quoted(text.split(/[\r\n]/, 1)[0] ?? "")}. A terminal, or \`2>&1\`, put it there. ${TAKE}`;
  return "is no dump in PostgreSQL's custom format or as SQL. Give a file that `npm run backup`, `pg_dump -Fc` or `pg_dump` made";
}

/** By what a program that takes it for text has changed it, if one has. */
function howRewritten(text: string): string | undefined {
  if (/^(\xff\xfe|\xfe\xff)/.test(text)) return "characters of two bytes (UTF-16)";
  if (text.startsWith("\xef\xbb\xbf")) return "a byte order mark";
  // An archive has statements with line ends in its beginning, too.
  const isDump = text.startsWith("PGDMP") || text.includes("-- PostgreSQL database ");
  const ends = text.match(/\r?\n/g) ?? [];
  return isDump && ends.length > 2 && ends.every((end) => end === "\r\n") ? "CR LF line ends" : undefined;
}

/**
 * The header of a custom archive (`WriteHead` of PostgreSQL's pg_backup_archiver.c): version, sizes and format, a byte each,
 * the compression, seven numbers for the date; then database, server and pg_dump, each after a sign and its length.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: numbers of a binary format.
const HEADER = /^PGDMP\x01..\x04.\x01.*?\0.\0{3}([^\0]+)\0.\0{3}(\d[^\0]*)\0.\0{3}\d/s;

/** Reads the header of a custom archive; undefined if it is none. @param start The file's first bytes. */
export function readHeader(start: Buffer): ArchiveHeader | undefined {
  const [, database, server] = HEADER.exec(start.toString("latin1")) ?? [];
  if (database === undefined || server === undefined) return undefined;
  return {
    database: Buffer.from(database, "latin1").toString("utf8"),
    serverVersion: server.split(" ")[0] ?? "",
  };
}
