/** Loads an image into the daemon: only the layers that it lacks, all of them where that is not taken. */
import type { Readable } from "node:stream";
import { compress } from "./compress.ts";
import { docker, dockerError } from "./docker.ts";
import { leaveOut, presence, type Sent } from "./layers.ts";
import { pipe, StepError, tail } from "./process.ts";

/** Lines of a failed image program that are shown. */
const SHOWN_LINES = 30;

/**
 * Loads what `image`, an executable that writes a docker archive to its standard output, writes.
 *
 * @param layers What `knownLayers` answers, which may be asked while the image is built.
 * @returns What was sent: `1 of 14 layers, 3.2 MB of 131.0 MB sent in 0.4 s`.
 * @throws StepError in docker's words.
 */
export async function load(image: string, layers: Promise<string[][]>): Promise<string> {
  const known = await layers;
  const start = performance.now();
  let sent = await attempt(image, known);
  // The daemon did not have what its images said it has: an image was removed meanwhile, or its store is another.
  if (sent === undefined) sent = await attempt(image, []);
  if (sent === undefined) throw new StepError("docker load: took nothing and did not say why. Try again.");
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  return `${sent.layers} of ${sent.ofLayers} layers, ${megabytes(sent.bytes)} of ${megabytes(sent.ofBytes)} sent in ${seconds} s`;
}

/** What was sent; undefined where the daemon did not take a partial archive. */
async function attempt(image: string, known: string[][]): Promise<Sent | undefined> {
  const sent: Sent = { layers: 0, bytes: 0, ofLayers: 0, ofBytes: 0 };
  const through = (archive: Readable) =>
    compress(leaveOut(archive, presence(known), sent), process.env["DOCKER_HOST"]);
  const [source, loader] = await pipe([image, []], ["docker", ["load", "--quiet"]], through);
  if (loader.code === 0 && source.code === 0) return sent;
  if (known.length > 0 && sent.layers < sent.ofLayers) return undefined;
  if (loader.code !== 0) throw new StepError(dockerError(["load"], loader));
  throw new StepError(`${image} ended with ${source.code}:\n${tail(source.stderr, SHOWN_LINES)}`);
}

/**
 * The layers of every image in the daemon. None with the containerd store, which knows layers by other names and may
 * take a ref whose layers are missing.
 */
export async function knownLayers(): Promise<string[][]> {
  const [driver, list] = await Promise.all([
    docker(["info", "--format", "{{json .DriverStatus}}"]),
    docker(["image", "ls", "--all", "--quiet", "--no-trunc"]),
  ]);
  if (list === "" || driver.includes("io.containerd")) return [];
  const ids = [...new Set(list.split("\n"))];
  const lines = await docker(["image", "inspect", "--format", "{{json .RootFS.Layers}}", ...ids]);
  return lines.split("\n").map((line) => (JSON.parse(line) as string[] | null) ?? []);
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
