/** Files of a service, secrets among them, on their way into volumes: by standard input alone. */

import { randomBytes } from "node:crypto";
import { posix } from "node:path";
import { buffer } from "node:stream/consumers";
import tar from "tar-stream";
import { run } from "../process.ts";
import { UserError } from "../userError.ts";
import { docker } from "./client.ts";

/** A file as a step is handed it. */
export interface PlacedFile {
  path: string;
  /** Its bytes, in base64. */
  content: string;
  /** Permissions, in octal. */
  mode: string;
}

/** Where files go, and whose they become. */
export interface Placement {
  /** Folders that become volumes; with `keep`, the volume begins with what the image has there. */
  folders: { path: string; keep: boolean }[];
  files: PlacedFile[];
  /** `uid:gid`. */
  owner: string;
  /** The image whose content is kept; where none is, any that is there will do. */
  image: string;
  stack: string;
  /** Value of the label `agatha.service` of the volumes, and the beginning of their names. */
  label: string;
  prefix: string;
}

/** The files on standard input, as DockerService writes them. */
export async function readFiles(): Promise<PlacedFile[]> {
  const text = (await buffer(process.stdin)).toString("utf8");
  try {
    return text === "" ? [] : (JSON.parse(text) as PlacedFile[]);
  } catch {
    // Not the parser's own words: they repeat the input.
    throw new UserError("step: standard input is no list of files. Run it through pulumi, which gives it.");
  }
}

/**
 * Makes a volume for each folder and puts the files in, by a container that never starts: docker copies nothing into a
 * container with a read-only root, not even into its volumes.
 *
 * @returns The volumes' names, in the folders' order. They are new, so whatever runs keeps its own.
 */
export async function placeFiles(placement: Placement): Promise<string[]> {
  const { folders, prefix } = placement;
  const key = randomBytes(4).toString("hex");
  const names = folders.map((_, index) => `${prefix}-${key}-${index}`);
  try {
    for (const name of names) await docker(["volume", "create", ...labelsOf(placement), name]);
    await copyInto(names, placement);
    return names;
  } catch (error) {
    for (const name of names) await run("docker", ["volume", "rm", "--force", name]);
    throw error;
  }
}

async function copyInto(volumes: string[], placement: Placement): Promise<void> {
  const mounts = placement.folders.flatMap(({ path, keep }, index) => [
    "--volume",
    `${volumes[index]}:${path}${keep ? "" : ":nocopy"}`,
  ]);
  const name = ["--name", `${volumes[0]}-courier`];
  const how = [...name, ...labelsOf(placement), "--network", "none", "--pull", "never", ...mounts];
  const courier = await docker(["create", ...how, placement.image]);
  try {
    await docker(["cp", "-", `${courier}:/`], await archiveOf(placement));
  } finally {
    // With the volume that docker makes where the image declares one.
    await run("docker", ["rm", "--force", "--volumes", courier]);
  }
}

const labelsOf = ({ stack, label }: Placement): string[] => [
  "--label",
  `agatha.stack=${stack}`,
  "--label",
  `agatha.service=${label}`,
];

/** A tar archive of the files and of the folders between a volume's root and them, which are root's. */
export async function archiveOf({ folders, files, owner }: Placement): Promise<Buffer> {
  const [uid = 0, gid = 0] = owner.split(":").map(Number);
  const pack = tar.pack();
  const read = buffer(pack);
  for (const folder of between(
    folders.map(({ path }) => path),
    files.map(({ path }) => path),
  ))
    pack.entry({ name: folder.slice(1), type: "directory", mode: 0o755 });
  for (const { path, content, mode } of files)
    pack.entry(
      { name: path.slice(1), mode: Number.parseInt(mode, 8), uid, gid },
      Buffer.from(content, "base64"),
    );
  pack.finalize();
  return read;
}

/** The folders that a volume does not have yet, outermost first. */
function between(roots: string[], paths: string[]): string[] {
  const found = new Set<string>();
  for (const path of paths)
    for (
      let folder = posix.dirname(path);
      !roots.includes(folder) && folder !== "/";
      folder = posix.dirname(folder)
    )
      found.add(folder);
  return [...found].sort();
}
