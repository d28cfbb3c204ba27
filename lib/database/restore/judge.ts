/** Whether a file may be restored, from what it is and where it is to go. */

import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { UserError } from "../../userError.ts";
import { type ArchiveHeader, HEADER_BYTES, readHeader } from "../backup/archive.ts";
import { checksumIn, checksumName } from "../backup/names.ts";
import { majorOf } from "../postgres.ts";

export interface Examined {
  header: ArchiveHeader | undefined;
  /** The checksum beside it; undefined where there is none. */
  wanted: string | undefined;
  /** The file's own. */
  sha256: string;
}

/** Reads a file's header and checksum, and the checksum beside it. */
export async function examine(file: string): Promise<Examined> {
  const handle = await open(file, "r");
  const start = Buffer.alloc(HEADER_BYTES);
  const { bytesRead } = await handle.read(start, 0, HEADER_BYTES, 0);
  await handle.close();
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  const sums = checksumName(file);
  const wanted = existsSync(sums) ? (checksumIn(readFileSync(sums, "utf8")) ?? "unreadable") : undefined;
  return { header: readHeader(start.subarray(0, bytesRead)), wanted, sha256: hash.digest("hex") };
}

/**
 * The dump's header, where it may be restored.
 *
 * @param file Its name, for people.
 * @param serverVersion Of the server that it is to go into.
 * @throws UserError where it is damaged, no dump, or from a newer PostgreSQL.
 */
export function judge(
  file: string,
  { header, wanted, sha256 }: Examined,
  serverVersion: string,
): ArchiveHeader {
  if (wanted !== undefined && wanted !== sha256)
    throw new UserError(
      `restore: ${file} is damaged: its checksum is ${sha256}, and ${checksumName(file)} says ${wanted}. Take another backup, or another copy of this one.`,
    );
  if (header === undefined)
    throw new UserError(
      `restore: ${file} is no dump in PostgreSQL's custom format. Give a file that \`npm run backup\` or \`pg_dump -Fc\` made.`,
    );
  if (majorOf(header.serverVersion) > majorOf(serverVersion))
    throw new UserError(
      `restore: ${file} is from PostgreSQL ${header.serverVersion}, and the stack has ${serverVersion}: a newer one's dump cannot be restored into it. Bring the stack's PostgreSQL up first.`,
    );
  return header;
}
