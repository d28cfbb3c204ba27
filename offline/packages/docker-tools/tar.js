// Writes tar archives, the same bytes for the same files: sorted, no times, no owners unless told.

const fs = require("node:fs");

const BLOCK = 512;
const CHUNK = 1 << 20;

/** The header of a member; names that do not fit a plain header get one of their own before it (pax). */
function* header({ name, type, mode, size = 0, link = "", uid = 0, gid = 0 }) {
  const records = [];
  if (Buffer.byteLength(name) > 100) records.push(["path", name]);
  if (Buffer.byteLength(link) > 100) records.push(["linkpath", link]);
  if (size > 0o77777777777) records.push(["size", String(size)]);
  if (records.length > 0) {
    const body = Buffer.concat(records.map(paxRecord));
    yield plainHeader({
      name: "././@PaxHeader",
      type: "x",
      mode: 0o644,
      size: body.length,
      link: "",
      uid: 0,
      gid: 0,
    });
    yield body;
    yield padding(body.length);
  }
  yield plainHeader({ name, type, mode, size: Math.min(size, 0o77777777777), link, uid, gid });
}

/** A pax record opens with its own length, which counts its own digits. */
function paxRecord([key, value]) {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest;
  while (length !== rest + String(length).length) length = rest + String(length).length;
  return Buffer.from(`${length} ${key}=${value}\n`);
}

function plainHeader({ name, type, mode, size, link, uid, gid }) {
  const block = Buffer.alloc(BLOCK);
  const octal = (value, offset, length) =>
    block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, offset, "latin1");
  Buffer.from(name).copy(block, 0, 0, 100);
  octal(mode, 100, 8);
  octal(uid, 108, 8);
  octal(gid, 116, 8);
  octal(size, 124, 12);
  octal(1, 136, 12);
  block.fill(" ", 148, 156);
  block.write(type, 156, "latin1");
  Buffer.from(link).copy(block, 157, 0, 100);
  block.write("ustar\x0000", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

function padding(size) {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** The end of an archive: two empty blocks. */
const end = Buffer.alloc(2 * BLOCK);

function* directory(name, mode = 0o755, owner = [0, 0]) {
  yield* header({ name: `${name}/`, type: "5", mode, uid: owner[0], gid: owner[1] });
}

function* symlink(name, link, owner = [0, 0]) {
  yield* header({ name, type: "2", mode: 0o777, link, uid: owner[0], gid: owner[1] });
}

/** A file with these bytes. */
function* bytes(name, content) {
  yield* header({ name, type: "0", mode: 0o644, size: content.length });
  yield content;
  yield padding(content.length);
}

function* fileContent(path, size) {
  const file = fs.openSync(path, "r");
  try {
    for (let left = size; left > 0; ) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK, left));
      const read = fs.readSync(file, chunk, 0, chunk.length);
      if (read === 0)
        throw new Error(`docker-tools: "${path}" shrank while it was read. Build the image again.`);
      left -= read;
      yield chunk.subarray(0, read);
    }
  } finally {
    fs.closeSync(file);
  }
  yield padding(size);
}

/** A file, link or whole folder, as `name`. `ownerOf` tells of a name whose it is: [uid, gid]. */
function* tree(path, name, ownerOf) {
  const stat = fs.lstatSync(path);
  const owner = ownerOf(name);
  if (stat.isSymbolicLink()) {
    yield* symlink(name, fs.readlinkSync(path), owner);
  } else if (stat.isDirectory()) {
    yield* directory(name, stat.mode & 0o7777, owner);
    for (const entry of fs.readdirSync(path).sort())
      yield* tree(`${path}/${entry}`, `${name}/${entry}`, ownerOf);
  } else {
    yield* header({
      name,
      type: "0",
      mode: stat.mode & 0o7777,
      size: stat.size,
      uid: owner[0],
      gid: owner[1],
    });
    yield* fileContent(path, stat.size);
  }
}

module.exports = { bytes, directory, end, fileContent, header, symlink, tree };
