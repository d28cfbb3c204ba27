// `node check-jar.js JAR JAVA LACKS`: ends with 0 where the jar is sure to run, in a tenth of the time that jar and
// jdeps take. Where it is not sure it ends with 1, and check-jar.sh finds out and says what is wrong; so nothing that
// this finds is told to anybody. LACKS lists the JDK's packages that the JRE has not, `java/rmi` a line.

const fs = require("node:fs");
const zlib = require("node:zlib");

const [path, java, lacksFile] = process.argv.slice(2);

/** Not sure: for whatever it is, check-jar.sh has the words. */
class Unsure extends Error {}

/** Members of a zip file, by its central directory (APPNOTE 4.3.12); those of zip64 are left to the jar tool. */
function* members(zip) {
  const end = zip.lastIndexOf("PK\x05\x06", undefined, "latin1");
  if (end < 0) throw new Unsure("no zip file");
  const [count, start] = [zip.readUInt16LE(end + 10), zip.readUInt32LE(end + 16)];
  if (count === 0xffff || start === 0xffffffff) throw new Unsure("zip64");
  for (let at = start, left = count; left > 0; left--) {
    if (zip.readUInt32LE(at) !== 0x02014b50) throw new Unsure("no central directory");
    const lengths = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset));
    const name = zip.toString("utf8", at + 46, at + 46 + lengths[0]);
    const member = { name, method: zip.readUInt16LE(at + 10), size: zip.readUInt32LE(at + 20) };
    yield { ...member, header: zip.readUInt32LE(at + 42) };
    at += 46 + lengths[0] + lengths[1] + lengths[2];
  }
}

function contentOf(zip, { method, size, header }) {
  const start = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28);
  const bytes = zip.subarray(start, start + size);
  if (method === 0) return bytes;
  if (method === 8) return zlib.inflateRawSync(bytes);
  throw new Unsure(`compressed by method ${method}`);
}

/**
 * Every mention of a package counts, be it a class, a signature or only a text: so that nothing that jdeps would find
 * is missed. Packages are looked for from their first part on, since `(Ljava/rmi/Remote;)V` has letters before it.
 */
function mentions(lacks) {
  const roots = [...new Set(lacks.map((name) => name.split("/")[0]))];
  const names = new RegExp(`(?:${roots.join("|")})/(?:[\\w$]+/)*`, "g");
  const packages = new Set(lacks.map((name) => `${name}/`));
  return (bytes) => bytes.toString("latin1").match(names)?.some((name) => packages.has(name)) ?? false;
}

function check() {
  const zip = fs.readFileSync(path);
  const mentioned = mentions(fs.readFileSync(lacksFile, "utf8").split("\n").filter(Boolean));
  let manifest = "";
  for (const member of members(zip)) {
    const { name } = member;
    if (name === "META-INF/MANIFEST.MF") manifest = contentOf(zip, member).toString("utf8");
    // As check-jar.sh: versions of a class for other Javas, and descriptions of modules, do not count.
    if (!name.endsWith(".class") || name.startsWith("META-INF/versions/") || name.endsWith("module-info.class"))
      continue;
    const bytes = contentOf(zip, member);
    // Bytes 6 and 7 of a class file are its version: 52 is Java 8.
    if (bytes.readUInt16BE(6) > Number(java) + 44) throw new Unsure(`${name} is for a newer Java`);
    if (mentioned(bytes)) throw new Unsure(`${name} mentions a package that the JRE lacks`);
  }
  if (!/^Main-Class:/m.test(manifest)) throw new Unsure("no main class");
}

try {
  check();
} catch (error) {
  // A damaged file fails in many ways.
  console.log(`check-jar: jar and jdeps are asked (${error.message})`);
  process.exitCode = 1;
}
