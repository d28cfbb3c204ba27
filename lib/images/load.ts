/** Loads an image into the daemon: only the layers that it lacks, or all of them if it does not take those. */
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGzip, gzipSync } from "node:zlib";
import { docker, dockerError, dockerLines, inspectAll, remoteHost } from "../docker/client.ts";
import { endedWith, pipe, type Result, run, stopIfInterrupted, tail } from "../process.ts";
import { megabytes, secondsSince } from "../units.ts";
import { UserError } from "../userError.ts";
import { type Layers, layersBeside, leaveOut } from "./layers.ts";

/** Up to this size, in bytes, an archive is compressed for this machine's own daemon; a larger one takes too long: 20 ms a megabyte. */
const SMALL = 1 << 20;

/** A jar is compressed already: more than zlib's fastest level gains nothing. */
const LEVEL = constants.Z_BEST_SPEED;

/** A program that writes a docker archive to its standard output. */
export type Writer = [program: string, args: string[]];

/**
 * @param layers What `knownLayers` gives; it may be asked while the image is built.
 * @param lists Whether the program can list its layers and leave some out itself, as those of the set `debian` can.
 * @returns What was sent: `1 of 14 layers, 3.2 MB of 131.0 MB sent in 0.4 s`.
 * @throws UserError with docker's message.
 */
export async function load(image: Writer, layers: Promise<string[][]>, lists: boolean): Promise<string> {
  const known = await layers;
  const start = performance.now();
  let sent = await attempt(image, known, lists);
  // The daemon lacks layers that its images have: an image was removed meanwhile, or its store is another.
  if (sent === undefined) {
    stopIfInterrupted();
    sent = await attempt(image, [], lists);
  }
  if (sent === undefined) throw new UserError("docker load: took nothing and did not say why. Try again.");
  return `${sent.layers} of ${sent.ofLayers} layers, ${megabytes(sent.bytes)} of ${megabytes(sent.ofBytes)} sent in ${secondsSince(start)}`;
}

/** Returns what was sent; undefined if the daemon did not take a partial archive. */
async function attempt([program, args]: Writer, known: string[][], lists: boolean) {
  const layers = layersBeside(known);
  if (!lists) return transfer([program, args], layers, (archive) => leaveOut(archive, layers));
  const listed = await run(program, [...args, "--layers"]);
  if (listed.code !== 0) throw failed(program, listed);
  const all = JSON.parse(listed.stdout) as { digest: string; size: number }[];
  const without = all.filter(({ digest, size }) => layers.has(digest, size)).map(({ digest }) => digest);
  const partial = without.length > 0 ? [...args, "--without", ...without] : args;
  return transfer([program, partial], layers, (archive) => archive);
}

async function transfer(
  image: Writer,
  { sent }: Layers,
  through: (archive: Readable) => Readable,
): Promise<Layers["sent"] | undefined> {
  const host = await remoteHost();
  const [source, loader] = await pipe(image, ["docker", ["load", "--quiet"]], (archive) =>
    compress(through(archive), host),
  );
  // The containerd store exits with 0 all the same (moby 27.5.1 to 29, daemon/containerd/image_exporter.go).
  const [unpackError] = /^Error unpacking image .*/m.exec(loader.stdout) ?? [];
  if (loader.code === 0 && unpackError === undefined && source.code === 0) return sent;
  if (sent.layers < sent.ofLayers) return undefined;
  if (unpackError !== undefined || loader.code !== 0)
    throw new UserError(await dockerError(["load"], { ...loader, stderr: unpackError ?? loader.stderr }));
  throw failed(image[0], source);
}

/** The error for a program that did not write its image. */
export const failed = (program: string, result: Result): UserError =>
  new UserError(`${program} ${endedWith(result)}:\n${tail(result.stderr, 30)}`);

/** The layers of every image in the daemon. None with the containerd store, which accepts an image that lacks layers. */
export async function knownLayers(): Promise<string[][]> {
  const [containerd, ids] = await Promise.all([
    usesContainerd(),
    dockerLines(["image", "ls", "--all", "--quiet", "--no-trunc"]),
  ]);
  if (containerd) return [];
  const all = await inspectAll<string[] | null>("image", ids, "{{json .RootFS.Layers}}");
  return all.map((layers) => layers ?? []);
}

/** Whether the daemon has its images in containerd's store. */
export const usesContainerd = async (): Promise<boolean> =>
  (await docker(["info", "--format", "{{json .DriverStatus}}"])).includes("io.containerd");

/** The daemon takes gzip as well as plain tar. @param dockerHost The docker host's address. Default: this machine's socket. */
export function compress(archive: Readable, dockerHost: string | undefined): Readable {
  const remote = /^(ssh|tcp):/.test(dockerHost ?? "");
  const through = remote ? createGzip({ level: LEVEL }) : compressSmall();
  // The reader gets the failure as one of what it reads; without a reader, the program that writes the archive is ended.
  pipeline(archive, through).catch(() => {});
  return through;
}

/** No generator: that would wait for the program's next bytes before it ends. */
function compressSmall(): Transform {
  const held: Buffer[] = [];
  let size = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      held.push(chunk);
      if (size > SMALL) for (const part of held.splice(0)) this.push(part);
      done();
    },
    flush(done) {
      done(null, size > SMALL ? null : gzipSync(Buffer.concat(held), { level: LEVEL }));
    },
  });
}
