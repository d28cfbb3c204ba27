/** Backups in a folder of this machine: its owner's alone, and on the disk before they bear their names. */

import { existsSync } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../userError.ts";
import { checksumLine, checksumName, partialName } from "./names.ts";
import type { Draft, Target } from "./target.ts";

export class FolderTarget implements Target {
  private readonly folder: string;
  private readonly make: boolean;

  /** @param make Whether the folder is made where it is missing: a mounted one is not, it would fill another disk. */
  constructor(folder: string, make: boolean) {
    this.folder = folder;
    this.make = make;
  }

  place(name: string): string {
    return join(this.folder, name);
  }

  async freeBytes(): Promise<number> {
    if (this.make) await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const { bavail, bsize } = await statfs(this.folder).catch((error: NodeJS.ErrnoException) => {
      throw new UserError(
        `agatha:backups.to: "${this.folder}" cannot be used: ${error.code}. Mount it or make it, then try again.`,
      );
    });
    return bavail * bsize;
  }

  async list(): Promise<string[]> {
    return existsSync(this.folder) ? readdir(this.folder) : [];
  }

  async create(name: string): Promise<Draft> {
    if (existsSync(this.place(name)))
      throw new UserError(`backup: ${this.place(name)} is there already. Try again in a second.`);
    const file = await open(this.place(partialName(name)), "wx", 0o600).catch(this.inWords(name));
    return new FileDraft(this.folder, name, file, this.inWords(name));
  }

  async remove(name: string): Promise<void> {
    for (const file of [name, checksumName(name)]) await rm(this.place(file), { force: true });
  }

  private inWords(name: string): (error: NodeJS.ErrnoException) => never {
    return (error) => {
      throw new UserError(
        `backup: ${this.place(name)} cannot be written: ${error.message}. Make it possible, or set agatha:backups.to to another place.`,
      );
    };
  }
}

class FileDraft implements Draft {
  private readonly folder: string;
  private readonly name: string;
  private readonly file: FileHandle;
  private readonly fail: (error: NodeJS.ErrnoException) => never;

  constructor(folder: string, name: string, file: FileHandle, fail: (error: NodeJS.ErrnoException) => never) {
    this.folder = folder;
    this.name = name;
    this.file = file;
    this.fail = fail;
  }

  async write(chunk: Buffer): Promise<void> {
    await this.file.writeFile(chunk).catch(this.fail);
  }

  async keep(sha256: string): Promise<void> {
    try {
      await this.file.sync();
      await this.file.close();
      const sums = checksumName(this.name);
      await writeLasting(join(this.folder, partialName(sums)), checksumLine(sha256, this.name));
      // The checksum first: a backup never stands there without it.
      await rename(join(this.folder, partialName(sums)), join(this.folder, sums));
      await rename(join(this.folder, partialName(this.name)), join(this.folder, this.name));
      await syncFolder(this.folder);
    } catch (error) {
      this.fail(error as NodeJS.ErrnoException);
    }
  }

  async discard(): Promise<void> {
    await this.file.close().catch(() => undefined);
    const sums = checksumName(this.name);
    for (const file of [partialName(this.name), partialName(sums), sums])
      await rm(join(this.folder, file), { force: true });
  }
}

async function writeLasting(path: string, text: string): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Names are on the disk once their folder is; a mounted file system may know no such thing. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
  } finally {
    await handle.close();
  }
}
