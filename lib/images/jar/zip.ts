/**
 * Reads a zip archive (a jar) that is in memory. Node's zlib inflates it: what npm has in JavaScript took four times as
 * long (2.5 s instead of 0.6 s for 30 MB).
 */
import { inflateRawSync } from "node:zlib";

const END = 0x06054b50;
const END64 = 0x06064b50;
const CENTRAL = 0x02014b50;
/** Longest comment that may follow the end record, and the record itself. */
const END_REACH = 65_535 + 22;
/** What stands in a field of 32 bits whose value is in a field of 64. */
const MORE = 0xffffffff;

export interface Entry {
  name: string;
  /** Its content. @throws Error where that is damaged, or compressed in a way that Java does not know either. */
  read(): Buffer;
}

/** The entries in the order of the archive's directory (APPNOTE 4.3.12); none where the bytes are no zip archive. */
export function* zipEntries(bytes: Buffer): Generator<Entry> {
  const found = directory(bytes);
  if (found === undefined) return;
  let at = found.start;
  while (at + 46 <= found.end && bytes.readUInt32LE(at) === CENTRAL) {
    const length = (field: number) => bytes.readUInt16LE(at + field);
    const names = at + 46;
    const extra = names + length(28);
    const next = extra + length(30) + length(32);
    const method = length(10);
    const [, compressed = 0, offset = 0] = wide(
      [24, 20, 42].map((field) => bytes.readUInt32LE(at + field)),
      bytes.subarray(extra, extra + length(30)),
    );
    const header = offset + found.shift;
    yield {
      name: bytes.toString("utf8", names, extra),
      read() {
        // The local header repeats the name and has extra fields of its own.
        const start = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
        const content = bytes.subarray(start, start + compressed);
        if (method === 8) return inflateRawSync(content);
        if (method !== 0) throw new Error(`method ${method} of compression`);
        return content;
      },
    };
    at = next;
  }
}

/** Where the directory lies. Like Java, by its size: a program may stand before the archive, unknown to its offsets. */
function directory(bytes: Buffer): { start: number; end: number; shift: number } | undefined {
  let end = bytes.length - 22;
  const last = Math.max(0, bytes.length - END_REACH);
  const isEnd = () =>
    bytes.readUInt32LE(end) === END && bytes.readUInt16LE(end + 20) === bytes.length - end - 22;
  while (end >= last && !isEnd()) end -= 1;
  if (end < last || end < 0) return undefined;
  // Zip64, also where there are only too many entries: its end record, then a locator of 20 bytes, then the old one.
  const end64 = end - 20 - 56;
  if (end64 >= 0 && bytes.readUInt32LE(end64) === END64) {
    const [size, offset] = [40, 48].map((field) => Number(bytes.readBigUInt64LE(end64 + field)));
    return placed(end64, size, offset);
  }
  return placed(end, bytes.readUInt32LE(end + 12), bytes.readUInt32LE(end + 16));
}

const placed = (end: number, size = 0, offset = 0) => ({
  start: end - size,
  end,
  shift: end - size - offset,
});

/** Values that do not fit are, in their order, in the extra field 1. */
function wide(values: number[], extra: Buffer): number[] {
  if (!values.includes(MORE)) return values;
  let at = 0;
  while (at + 4 <= extra.length && extra.readUInt16LE(at) !== 1) at += 4 + extra.readUInt16LE(at + 2);
  at += 4;
  return values.map((value) => {
    if (value !== MORE || at + 8 > extra.length) return value;
    at += 8;
    return Number(extra.readBigUInt64LE(at - 8));
  });
}
