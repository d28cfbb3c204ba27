/** Compresses an archive on its way to the daemon, which takes gzip as well as plain tar. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGzip, gzipSync } from "node:zlib";

/** Up to this size, in bytes, an archive is compressed for this machine's own daemon; a larger one takes too long: 20 ms a megabyte. */
const SMALL = 1 << 20;

/** A jar is compressed already: more than zlib's fastest level gains nothing. */
const LEVEL = constants.Z_BEST_SPEED;

/** @param dockerHost The docker host's address. Default: a socket of this machine. */
export function compress(archive: Readable, dockerHost: string | undefined): Readable {
  if (!/^(ssh|tcp):/.test(dockerHost ?? ""))
    return Readable.from(compressSmall(archive), { objectMode: false });
  const gzip = createGzip({ level: LEVEL });
  // The reader gets the failure as one of what it reads.
  pipeline(archive, gzip).catch(() => {});
  return gzip;
}

async function* compressSmall(archive: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let size = 0;
  const held: Buffer[] = [];
  for await (const chunk of archive) {
    size += chunk.length;
    held.push(chunk);
    if (size > SMALL) yield* held.splice(0);
  }
  if (size <= SMALL) yield gzipSync(Buffer.concat(held), { level: LEVEL });
}
