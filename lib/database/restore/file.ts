/** The file to restore: which kind of dump it is, whether it is whole, and how its bytes are read. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { quoted } from "../../config/text.ts";
import { UserError } from "../../userError.ts";
import { pieces } from "../backup/dump.ts";
import { checksumIn, checksumName } from "../backup/names.ts";

/** A file that pg_dump wrote. */
export interface DumpFile {
  /** Its place, for people. */
  place: string;
  /** Whether it is in PostgreSQL's custom format, and not SQL text. */
  isArchive: boolean;
  /** Whether its checksum lies beside it. */
  isChecked: boolean;
  /** Its bytes, uncompressed. */
  read(): Readable;
}

/** Bytes of a file's beginning that are looked at. */
const BEGINNING = 4096;

/** What every custom archive begins with (`WriteHead` of PostgreSQL's pg_backup_archiver.c). */
const MAGIC = "PGDMP";

/** How a dump is taken that nothing rewrites on its way. */
const TAKE = "Take it with `docker compose exec -T agatha-db pg_dump -U postgres -Fc DATABASE > FILE`";
const BY_FILE =
  "or let pg_dump write the file (`-f /tmp/FILE`) and take it out with `docker compose cp`, as on Windows";

/**
 * Looks at a file's beginning and at its checksum. @param place Its path, for people.
 *
 * @throws UserError if it is damaged, or no dump that can be restored.
 */
export async function examine(path: string, place: string): Promise<DumpFile> {
  const hash = createHash("sha256");
  const start = await beginningOf(createReadStream(path), (chunk) => hash.update(chunk));
  const sha256 = hash.digest("hex");
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
  const text = (isGzip ? await beginningOf(pieces(read())) : start).toString("latin1");
  const reason = refusal(text);
  if (reason !== undefined) throw new UserError(`restore: ${place} ${reason}.`);
  return { place, isArchive: text.startsWith(MAGIC), isChecked: wanted !== undefined, read };
}

/** A file's first bytes. @param take Gets all of them; without it, the rest is not read. */
async function beginningOf(stream: AsyncIterable<Buffer>, take?: (chunk: Buffer) => void): Promise<Buffer> {
  let start = Buffer.alloc(0);
  for await (const chunk of stream) {
    take?.(chunk);
    if (start.length < BEGINNING) start = Buffer.concat([start, chunk]).subarray(0, BEGINNING);
    else if (take === undefined) break;
  }
  return start;
}

/** What the file is, if it cannot be restored, and the fix; undefined if it can. @param text Its beginning. */
function refusal(text: string): string | undefined {
  const rewritten = howRewritten(text);
  if (rewritten !== undefined)
    return `was rewritten on its way here: it has ${rewritten}, as PowerShell's \`>\`, an editor or a terminal (\`docker exec -t\`) make them. ${TAKE}, ${BY_FILE}`;
  if (text.includes("-- PostgreSQL database cluster dump"))
    return `holds all databases of a server, by pg_dumpall. ${TAKE}`;
  if (/^(?:--\r?\n)?-- PostgreSQL database dump\r?\n/.test(text) || text.startsWith(MAGIC)) return undefined;
  return `is no dump in PostgreSQL's custom format or as SQL. It begins with ${quoted(text.split(/[\r\n]/, 1)[0] ?? "")}. Give a file that \`npm run backup\`, \`pg_dump -Fc\` or \`pg_dump\` made`;
}

/** By what a program that takes it for text has changed it, if one has. */
function howRewritten(text: string): string | undefined {
  if (/^(\xff\xfe|\xfe\xff|\xef\xbb\xbf)/.test(text)) return "a byte order mark (UTF-16 or UTF-8)";
  // An archive has statements with line ends in its beginning, too.
  const isDump = text.startsWith(MAGIC) || text.includes("-- PostgreSQL database ");
  const ends = text.match(/\r?\n/g) ?? [];
  return isDump && ends.length > 2 && ends.every((end) => end === "\r\n") ? "CR LF line ends" : undefined;
}
