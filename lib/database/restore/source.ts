/** The file to restore: here, on another host, or by its name among the stack's backups. */
import { createWriteStream, existsSync, mkdtempSync, rmSync, statfsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { shellWord } from "../../process.ts";
import { UserError } from "../../userError.ts";
import { checksumName } from "../backup/names.ts";
import { defaultFolder } from "../backup/save.ts";
import { sshFolder } from "../backup/ssh.ts";
import { requireSpace } from "../freeSpace.ts";

/** A file on this machine. */
export interface Source {
  path: string;
  /** Where it came from, for people. */
  place: string;
  /** Removes what was fetched for the restore. */
  done(): void;
}

/**
 * Finds the file; fetches it from another host, with its checksum.
 *
 * @param file A path, an `ssh://` URL, or the name of a backup of the stack in `to`, as `agatha:backups.to` has it.
 * @throws UserError if it is not there.
 */
export async function source(file: string, to: string | undefined, stack: string): Promise<Source> {
  if (file.startsWith("ssh://")) return fetched(file);
  const folder = to ?? defaultFolder(stack);
  const plain = basename(file) === file;
  const places = plain && !folder.startsWith("ssh://") ? [file, join(folder, file)] : [file];
  const path = places.find((place) => existsSync(place));
  if (path !== undefined && statSync(path).isDirectory())
    throw new UserError(`restore: ${path} is a folder. Give the file of a dump (pg_dump -Fc).`);
  if (path !== undefined) return { path, place: path, done: () => {} };
  if (plain && folder.startsWith("ssh://")) return fetched(`${folder.replace(/\/+$/, "")}/${file}`);
  throw new UserError(
    `restore: "${file}" does not exist. Name a dump's path; the stack's backups are in ${folder}.`,
  );
}

async function fetched(url: string): Promise<Source> {
  const name = basename(url);
  const there = sshFolder(dirname(url));
  const sizeOf = (file: string) => there.sh(`[ ! -e ${shellWord(file)} ] || wc -c < ${shellWord(file)}`);
  const size = await sizeOf(name);
  if (size === "") throw new UserError(`restore: "${url}" does not exist. Name a dump that is there.`);
  const folder = mkdtempSync(join(tmpdir(), "agatha-restore-"));
  const done = () => rmSync(folder, { recursive: true, force: true });
  try {
    const { bavail, bsize } = statfsSync(folder);
    requireSpace(folder, bavail * bsize, Number(size), "the dump", "set TMPDIR to another folder");
    for (const part of [name, checksumName(name)]) {
      if ((await sizeOf(part)) === "") continue;
      const { child, ended } = there.start(`cat ${shellWord(part)}`);
      child.stdin.end();
      await pipeline(child.stdout, createWriteStream(join(folder, part), { mode: 0o600 }));
      await there.finished(ended);
    }
    return { path: join(folder, name), place: url, done };
  } catch (error) {
    done();
    throw error;
  }
}
