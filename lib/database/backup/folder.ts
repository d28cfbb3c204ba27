/** Backups in a folder of this machine: its owner's alone, and on the disk before they have their names. */
import { existsSync } from "node:fs";
import { mkdir, open, readdir, rename, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../userError.ts";
import { checksumLine, checksumName, type Draft, partialName, type Target } from "./names.ts";

/** @param make Whether the folder is made if it is missing: a mounted one is not, it would fill another disk. */
export function folderTarget(folder: string, make: boolean): Target {
  const place = (name: string) => join(folder, name);
  return {
    place,
    async freeBytes() {
      if (make) await mkdir(folder, { recursive: true, mode: 0o700 });
      const { bavail, bsize } = await statfs(folder).catch((error: NodeJS.ErrnoException) => {
        throw new UserError(
          `agatha:backups.to: "${folder}" cannot be used: ${error.code}. Mount it or make it, then try again.`,
        );
      });
      return bavail * bsize;
    },
    list: async () => (existsSync(folder) ? readdir(folder) : []),
    async create(name) {
      if (existsSync(place(name)))
        throw new UserError(`backup: ${place(name)} is there already. Try again in a second.`);
      return draft(folder, name);
    },
    async remove(name) {
      for (const file of [name, checksumName(name)]) await rm(place(file), { force: true });
    },
  };
}

async function draft(folder: string, name: string): Promise<Draft> {
  const sumsName = checksumName(name);
  const [file, partial] = [join(folder, name), join(folder, partialName(name))];
  const [sums, partialSums] = [join(folder, sumsName), join(folder, partialName(sumsName))];
  const fail = (error: NodeJS.ErrnoException): never => {
    throw new UserError(
      `backup: ${file} cannot be written: ${error.message}. Fix that, or set agatha:backups.to to another place.`,
    );
  };
  const handle = await open(partial, "wx", 0o600).catch(fail);
  const keep = async (sha256: string) => {
    await handle.sync();
    await handle.close();
    await writeFile(partialSums, checksumLine(sha256, name), { mode: 0o600, flush: true });
    // The checksum first: a backup never lies there without it.
    await rename(partialSums, sums);
    await rename(partial, file);
    await syncFolder(folder);
  };
  return {
    write: (chunk) => handle.writeFile(chunk).catch(fail),
    keep: (sha256) => keep(sha256).catch(fail),
    async discard() {
      await handle.close().catch(() => undefined);
      for (const each of [partial, partialSums, sums]) await rm(each, { force: true });
    },
  };
}

/** Names are on the disk once their folder is; a mounted file system may know no such thing. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  const refused = (error: NodeJS.ErrnoException) => {
    if (error.code !== "EINVAL") throw error;
  };
  await handle
    .sync()
    .catch(refused)
    .finally(() => handle.close());
}
