import { crc32, deflateRawSync } from "node:zlib";

/** A zip archive; entries whose names end in `.jar` are stored, others deflated. */
export function zip(entries: Record<string, string | Buffer>): Buffer {
  const { local, directory, end } = parts(entries);
  return Buffer.concat([local, directory, end]);
}

/**
 * The same as zip64, which archives have that are larger than 4 GiB or hold more than 65,535 files.
 *
 * @param hole Bytes before the archive in its file, which its offsets count.
 */
export function zip64(entries: Record<string, string | Buffer>, hole = 0): Buffer {
  const { local, directory, end } = parts(entries, hole);
  const end64 = Buffer.alloc(56 + 20);
  end64.write("PK\x06\x06", 0, "latin1");
  end64.writeBigUInt64LE(44n, 4);
  for (const field of [24, 32]) end64.writeBigUInt64LE(BigInt(Object.keys(entries).length), field);
  end64.writeBigUInt64LE(BigInt(directory.length), 40);
  end64.writeBigUInt64LE(BigInt(hole + local.length), 48);
  // The locator of the record above.
  end64.write("PK\x06\x07", 56, "latin1");
  end64.writeBigUInt64LE(BigInt(hole + local.length + directory.length), 64);
  end64.writeUInt32LE(1, 72);
  end.fill(0xff, 8, 20);
  return Buffer.concat([local, directory, end64, end]);
}

function parts(entries: Record<string, string | Buffer>, hole?: number) {
  const [local, central]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const [name, content] of Object.entries(entries)) {
    const stored = name.endsWith(".jar");
    const data = stored ? Buffer.from(content) : deflateRawSync(content);
    // The fields that both headers have, from the needed version on.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20);
    common.writeUInt16LE(stored ? 0 : 8, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(Buffer.byteLength(content), 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    local.push(Buffer.from("PK\x03\x04"), common, Buffer.from(name), data);
    const place = Buffer.alloc(14);
    // An offset of 64 bits is in an extra field.
    const extra = Buffer.alloc(hole === undefined ? 0 : 12);
    if (hole === undefined) place.writeUInt32LE(offset, 10);
    else {
      common.writeUInt16LE(extra.length, 24);
      place.writeUInt32LE(0xffffffff, 10);
      extra.writeUInt16LE(1);
      extra.writeUInt16LE(8, 2);
      extra.writeBigUInt64LE(BigInt(hole + offset), 4);
    }
    central.push(Buffer.from("PK\x01\x02\x14\0"), Buffer.from(common), place, Buffer.from(name), extra);
    common.writeUInt16LE(0, 24);
    offset += 30 + Buffer.byteLength(name) + data.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  for (const field of [8, 10]) end.writeUInt16LE(Object.keys(entries).length, field);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return { local: Buffer.concat(local), directory, end };
}
