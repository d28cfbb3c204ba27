/** Compresses an archive on its way to the daemon, which takes gzip as well as plain tar. */
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGzip, gzipSync } from "node:zlib";

/** Up to this size, in bytes, an archive is compressed for this machine's own daemon; a larger one takes too long: 20 ms a megabyte. */
const SMALL = 1 << 20;

/** A jar is compressed already: more than zlib's fastest level gains nothing. */
const LEVEL = constants.Z_BEST_SPEED;

/**
 * Compresses an archive for a remote daemon, and a small one for a daemon on this machine.
 *
 * @param dockerHost The docker host's address. Default: a socket of this machine.
 */
export function compress(archive: Readable, dockerHost: string | undefined): Readable {
  const remote = /^(ssh|tcp):/.test(dockerHost ?? "");
  const through = remote ? createGzip({ level: LEVEL }) : compressSmall();
  // The reader gets the failure as one of what it reads.
  pipeline(archive, through).catch(() => {});
  return through;
}

function compressSmall(): Transform {
  // Undefined once the archive is too large.
  let held: Buffer[] | undefined = [];
  let size = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      held?.push(chunk);
      if (held !== undefined && size <= SMALL) return done();
      for (const part of held ?? [chunk]) this.push(part);
      held = undefined;
      done();
    },
    flush(done) {
      done(null, held === undefined ? null : gzipSync(Buffer.concat(held), { level: LEVEL }));
    },
  });
}
