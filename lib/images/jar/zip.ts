/** Reads zip archives. Contents synchronously: a stream for each of tens of thousands of classes takes several times as long. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { inflateRawSync } from "node:zlib";
import yauzl from "yauzl";

export interface Entry {
  name: string;
  /** Its content. @throws Error if it is damaged, encrypted, or compressed in a way that Java does not know either. */
  read(): Promise<Buffer>;
}

/** Gives bytes of the archive; fewer than asked for at its end. */
type Slice = (from: number, length: number) => Buffer;

/** How far into a file its archive may begin. A launch script of Spring Boot has 10 kB. */
const PREFIX_REACH = 1 << 20;

/**
 * @param source A file's path, or an archive in memory: a jar in a jar.
 * @param use Gets the entries in the order of the archive's directory, none if this is no zip archive. Has to read what it wants
 * before it returns.
 */
export async function withEntries<T>(
  source: string | Buffer,
  use: (entries: Entry[]) => Promise<T>,
): Promise<T> {
  if (typeof source !== "string")
    return use(await list((from, length) => source.subarray(from, from + length), source.length));
  const file = openSync(source, "r");
  try {
    const slice: Slice = (from, length) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, from));
    };
    return await use(await list(slice, fstatSync(file).size));
  } finally {
    closeSync(file);
  }
}

/** A script may stand before the archive. Java reads it, whether the archive's offsets count the script or not. */
async function list(slice: Slice, size: number): Promise<Entry[]> {
  const first = slice(0, PREFIX_REACH).indexOf("PK\x03\x04");
  for (const start of [0, Math.max(0, first)])
    try {
      return await listFrom((from, length) => slice(start + from, length), size - start);
    } catch {}
  return [];
}

async function listFrom(slice: Slice, size: number): Promise<Entry[]> {
  // Names are UTF-8 in jars, whatever the flags say. Sizes are checked by Java neither.
  const options = { autoClose: false, decodeStrings: false, validateEntrySizes: false };
  const reader = new (class extends yauzl.RandomAccessReader {})();
  reader.read = (buffer, offset, length, position, done: (error: null, read: number) => void) =>
    done(null, slice(position, length).copy(buffer, offset));
  const zip = await yauzl.fromRandomAccessReaderPromise(reader, size, options);
  const content = async (entry: yauzl.Entry): Promise<Buffer> => {
    if (entry.isEncrypted()) throw new Error("encrypted");
    const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
    const bytes = slice(fileDataStart, entry.compressedSize);
    if (entry.compressionMethod === 8) return inflateRawSync(bytes);
    if (entry.compressionMethod !== 0) throw new Error(`method ${entry.compressionMethod} of compression`);
    return bytes;
  };
  const entries: Entry[] = [];
  for await (const entry of zip.eachEntry())
    entries.push({ name: entry.fileNameRaw.toString("utf8"), read: () => content(entry) });
  return entries;
}
