/** Makes an archive smaller on its way to the daemon, which takes gzip as it takes plain tar. */
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGzip, gzipSync } from "node:zlib";

/** What is not worth the time of larger archives, some 20 ms a megabyte, where no network is between; in bytes. */
const SMALL = 1 << 20;

/** A jar is compressed already: more than zlib's fastest gains nothing. */
const LEVEL = constants.Z_BEST_SPEED;

/**
 * To a daemon elsewhere, gzip; to one on this machine, gzip where the archive is small (1 MiB at most) and else the
 * archive as it is.
 *
 * @param dockerHost The docker host's address. Default: a socket of this machine.
 */
export function compress(archive: Readable, dockerHost: string | undefined): Readable {
  const remote = /^(ssh|tcp):/.test(dockerHost ?? "");
  const through = remote ? createGzip({ level: LEVEL }) : compressSmall();
  // The reader is told of the failure, as one of what it reads.
  pipeline(archive, through).catch(() => {});
  return through;
}

function compressSmall(): Transform {
  // Undefined once there is more than is held back.
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
