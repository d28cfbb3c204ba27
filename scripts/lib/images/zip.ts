/** Reads single entries of a zip archive (a jar) that is in memory. */
import { inflateRawSync } from "node:zlib";

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
/** Longest comment that may follow the end record, and the record itself. */
const END_REACH = 65_535 + 22;

interface Entry {
  name: string;
  method: number;
  compressed: number;
  offset: number;
}

/** The entries whose names are wanted, by name; nothing where the bytes are no zip archive. */
export function readZip(bytes: Buffer, wants: (name: string) => boolean): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const { name, method, compressed, offset } of directory(bytes)) {
    if (!wants(name)) continue;
    // The local header repeats the name and has extra fields of its own.
    const start = offset + 30 + bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28);
    const content = bytes.subarray(start, start + compressed);
    if (method === 0) found.set(name, content);
    if (method === 8) found.set(name, inflateRawSync(content));
  }
  return found;
}

function* directory(bytes: Buffer): Generator<Entry> {
  let end = bytes.length - 22;
  const last = Math.max(0, bytes.length - END_REACH);
  while (end >= last && bytes.readUInt32LE(end) !== END) end -= 1;
  if (end < last || end < 0) return;
  let at = bytes.readUInt32LE(end + 16);
  while (at + 46 <= end && bytes.readUInt32LE(at) === CENTRAL) {
    const [name, extra, comment] = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field)) as [
      number,
      number,
      number,
    ];
    yield {
      name: bytes.toString("utf8", at + 46, at + 46 + name),
      method: bytes.readUInt16LE(at + 10),
      compressed: bytes.readUInt32LE(at + 20),
      offset: bytes.readUInt32LE(at + 42),
    };
    at += 46 + name + extra + comment;
  }
}
