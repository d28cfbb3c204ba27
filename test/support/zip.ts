import { crc32, deflateRawSync } from "node:zlib";

/** A zip archive; entries whose names end in `.jar` are stored, others deflated. */
export function zip(entries: Record<string, string | Buffer>): Buffer {
  const [local, central]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const [name, content] of Object.entries(entries)) {
    const stored = name.endsWith(".jar");
    const data = stored ? Buffer.from(content) : deflateRawSync(content);
    // What the two headers have in common, from the needed version on.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20);
    common.writeUInt16LE(stored ? 0 : 8, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(Buffer.byteLength(content), 18);
    common.writeUInt16LE(name.length, 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    local.push(Buffer.from("PK\x03\x04"), common, Buffer.from(name), data);
    central.push(Buffer.from("PK\x01\x02\x14\0"), common, place, Buffer.from(name));
    offset += 30 + name.length + data.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  for (const field of [4, 6]) end.writeUInt16LE(Object.keys(entries).length, field);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...local, directory, Buffer.from("PK\x05\x06"), end]);
}
