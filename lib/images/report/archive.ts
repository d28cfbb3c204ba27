/** Reads docker archives: what `docker save`, and an image program of dockerTools, write. */
import { closeSync, createReadStream, mkdtempSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import tar from "tar-stream";
import { pipe } from "../../process.ts";
import { UserError } from "../../userError.ts";
import { failed } from "../load.ts";
import type { Image, LayerFile } from "./model.ts";

/** Is given the content of the files that it wants, while layers are read. */
export interface Inspector {
  wants(path: string): boolean;
  take(path: string, content: Buffer): Promise<void> | void;
}

/** Reads the image that a program writes to its standard output, by way of a temporary folder. */
export async function imageFrom(program: string, args: string[] = [], inspector?: Inspector): Promise<Image> {
  const folder = mkdtempSync(join(tmpdir(), "agatha-image-"));
  try {
    // To the very end: tar would close the pipe at the archive's last block, and the program be ended by the padding after it.
    const extract = ["--extract", "--ignore-zeros", "--no-same-owner", "--no-same-permissions"];
    const [made, unpacked] = await pipe([program, args], ["tar", [...extract, "--directory", folder]]);
    // A program that fails writes no whole archive: its own error says more than tar's.
    if (made.code !== 0) throw failed([program, ...args].join(" "), made);
    if (unpacked.code !== 0) throw failed("tar", unpacked);
    return await readArchive(folder, inspector);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param folder An unpacked archive of one image. @throws UserError if something is missing in it. */
export async function readArchive(folder: string, inspector?: Inspector): Promise<Image> {
  const json = <T>(name: string) => JSON.parse(readFileSync(join(folder, name), "utf8")) as T;
  try {
    const [manifest] =
      json<{ Config: string; RepoTags: string[] | null; Layers: string[] }[]>("manifest.json");
    if (manifest === undefined) throw new Error("manifest.json names no image");
    const { config = {}, rootfs } = json<{ config?: Image["config"]; rootfs: { diff_ids: string[] } }>(
      manifest.Config,
    );
    const layers: Image["layers"] = [];
    for (const [index, name] of manifest.Layers.entries()) {
      const files = await readLayer(join(folder, name), inspector);
      layers.push({ digest: rootfs.diff_ids[index] ?? "", files });
    }
    return { ref: manifest.RepoTags?.[0] ?? "", config, layers };
  } catch (error) {
    throw new UserError(`image archive: ${(error as Error).message}. Build or load the image again.`);
  }
}

async function readLayer(file: string, inspector?: Inspector): Promise<LayerFile[]> {
  const extract = tar.extract();
  const gunzip = isGzipped(file) ? [createGunzip()] : [];
  const fed = pipeline([createReadStream(file), ...gunzip, extract]);
  // The loop below throws what fails.
  fed.catch(() => {});
  const files: LayerFile[] = [];
  for await (const entry of extract) {
    const { name, type, size = 0, linkname } = entry.header;
    const path = name.replace(/^(\.?\/)+/, "");
    if (type === "symlink" || type === "link") files.push({ path, size: 0, link: linkname ?? "" });
    else if (type !== "directory") files.push({ path, size });
    if (type === "file" && inspector?.wants(path)) await inspector.take(path, await buffer(entry));
    else entry.resume();
  }
  await fed;
  return files;
}

/** Newer dockers may keep layers gzipped, under names that do not say so. */
function isGzipped(path: string): boolean {
  const [file, magic] = [openSync(path, "r"), Buffer.alloc(2)];
  readSync(file, magic, 0, 2, 0);
  closeSync(file);
  return magic.readUInt16BE() === 0x1f8b;
}
