/** Loads an image into the daemon: only the layers that it lacks, all of them where that is not taken. */

import type { Readable } from "node:stream";
import { docker, dockerError, remoteHost } from "../docker/client.ts";
import { endedWith, pipe, type Result, run, stopIfInterrupted, tail } from "../process.ts";
import { UserError } from "../userError.ts";
import { compress } from "./compress.ts";
import { type Layer, leaveOut, presence, type Sent, toLeaveOut } from "./layers.ts";

/** A program that writes a docker archive to its standard output, and its arguments. */
export interface Writer {
  program: string;
  args: string[];
}

/** Lines of a failed image program that are shown. */
const SHOWN_LINES = 30;

/**
 * Loads what an image's program writes.
 *
 * @param layers What `knownLayers` answers, which may be asked while the image is built.
 * @param tells Whether the program tells its layers and leaves some out itself, as those of the set `debian` do.
 * @returns What was sent: `1 of 14 layers, 3.2 MB of 131.0 MB sent in 0.4 s`.
 * @throws UserError in docker's words.
 */
export async function load(image: Writer, layers: Promise<string[][]>, tells: boolean): Promise<string> {
  const known = await layers;
  const start = performance.now();
  const send = tells ? attemptTold : attempt;
  let sent = await send(image, known);
  // The daemon did not have what its images said it has: an image was removed meanwhile, or its store is another.
  if (sent === undefined) {
    stopIfInterrupted();
    sent = await send(image, []);
  }
  if (sent === undefined) throw new UserError("docker load: took nothing and did not say why. Try again.");
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  return `${sent.layers} of ${sent.ofLayers} layers, ${megabytes(sent.bytes)} of ${megabytes(sent.ofBytes)} sent in ${seconds} s`;
}

/** What was sent; undefined where the daemon did not take a partial archive. */
async function attempt(image: Writer, known: string[][]): Promise<Sent | undefined> {
  const sent: Sent = { layers: 0, bytes: 0, ofLayers: 0, ofBytes: 0 };
  return transfer(image, sent, (archive) => leaveOut(archive, presence(known), sent));
}

/** As `attempt`, without a byte being read of what is left out. */
async function attemptTold({ program, args }: Writer, known: string[][]): Promise<Sent | undefined> {
  const told = await run(program, [...args, "--layers"]);
  if (told.code !== 0) throw failed(program, told);
  const [without, sent] = toLeaveOut(JSON.parse(told.stdout) as Layer[], presence(known));
  const all = without.length > 0 ? [...args, "--without", ...without] : args;
  return transfer({ program, args: all }, sent, (archive) => archive);
}

async function transfer(
  { program, args }: Writer,
  sent: Sent,
  through: (archive: Readable) => Readable,
): Promise<Sent | undefined> {
  const host = await remoteHost();
  const [source, loader] = await pipe([program, args], ["docker", ["load", "--quiet"]], (archive) =>
    compress(through(archive), host),
  );
  // Of the containerd store: it ends well even so (moby 27.5.1 to 29, daemon/containerd/image_exporter.go).
  const [unpackError] = /^Error unpacking image .*/m.exec(loader.stdout) ?? [];
  if (loader.code === 0 && unpackError === undefined && source.code === 0) return sent;
  if (sent.layers < sent.ofLayers) return undefined;
  if (unpackError !== undefined || loader.code !== 0)
    throw new UserError(await dockerError(["load"], { ...loader, stderr: unpackError ?? loader.stderr }));
  throw failed(program, source);
}

const failed = (program: string, result: Result): UserError =>
  new UserError(`${program} ${endedWith(result)}:\n${tail(result.stderr, SHOWN_LINES)}`);

/**
 * The layers of every image in the daemon. None with the containerd store, which knows layers by other names and may
 * take a ref whose layers are missing.
 */
export async function knownLayers(): Promise<string[][]> {
  const [containerd, list] = await Promise.all([
    usesContainerd(),
    docker(["image", "ls", "--all", "--quiet", "--no-trunc"]),
  ]);
  if (list === "" || containerd) return [];
  const ids = [...new Set(list.split("\n"))];
  const lines = await docker(["image", "inspect", "--format", "{{json .RootFS.Layers}}", ...ids]);
  return lines.split("\n").map((line) => (JSON.parse(line) as string[] | null) ?? []);
}

/** Whether the daemon keeps its images in containerd's store. */
export const usesContainerd = async (): Promise<boolean> =>
  (await docker(["info", "--format", "{{json .DriverStatus}}"])).includes("io.containerd");

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
