/** Puts a service's files, which may be secrets, into volumes: by standard input only. */
import { randomBytes } from "node:crypto";
import { posix } from "node:path";
import { buffer, text } from "node:stream/consumers";
import tar from "tar-stream";
import { UserError } from "../userError.ts";
import { labelled } from "./arguments.ts";
import { docker, remove } from "./client.ts";

/** A file of a service, as DockerService hands it to a step: its bytes in base64, its permissions in octal. */
export interface PlacedFile {
  path: string;
  content: string;
  mode: string;
}

/** Which files go where. */
export interface Placement {
  /** Folders that become volumes; with `keep`, a volume starts with what the image has there. */
  folders: { path: string; keep: boolean }[];
  files: PlacedFile[];
  /** `uid:gid` of the files. */
  owner: string;
  /** The image whose content is kept. If none is, any that docker has. */
  image: string;
  stack: string;
  /** The volumes' label `agatha.service`, and the beginning of their names. */
  label: string;
  prefix: string;
}

/** Reads the files that DockerService put on standard input. */
export async function readFiles(): Promise<PlacedFile[]> {
  try {
    return JSON.parse((await text(process.stdin)) || "[]") as PlacedFile[];
  } catch {
    // Not the parser's message, which repeats the input.
    throw new UserError("step: standard input is no list of files. Run it through pulumi, which gives it.");
  }
}

/**
 * Makes a volume for each folder and copies the files in.
 *
 * @returns The volumes' names, in the folders' order. They are new, so that running containers keep theirs.
 */
export async function placeFiles(placement: Placement): Promise<string[]> {
  const { folders, prefix, stack, label } = placement;
  const key = randomBytes(4).toString("hex");
  const names = folders.map((_, index) => `${prefix}-${key}-${index}`);
  try {
    const create = ["volume", "create", ...labelled(stack, label)];
    const made = await Promise.allSettled(names.map((name) => docker([...create, name])));
    for (const one of made) if (one.status === "rejected") throw one.reason;
    if (names.length > 0) await copyInto(names, placement);
    return names;
  } catch (error) {
    for (const name of names) await remove("volume", name);
    throw error;
  }
}

/**
 * Copies files into volumes that are there, in the order of the folders, by a container that never starts: docker copies nothing
 * into a container with a read-only root, not even into its volumes.
 */
export async function copyInto(volumes: string[], placement: Omit<Placement, "prefix">): Promise<void> {
  const { folders, stack, label, image } = placement;
  const courier = await docker([
    ...["create", "--name", `${volumes[0]}-courier`, ...labelled(stack, label)],
    ...["--network", "none", "--pull", "never"],
    ...folders.map(({ path, keep }, index) => `--volume=${volumes[index]}:${path}${keep ? "" : ":nocopy"}`),
    image,
  ]);
  try {
    await docker(["cp", "-", `${courier}:/`], await archiveOf(placement));
  } finally {
    // Together with the volume that docker makes if the image declares one.
    await remove("container", courier);
  }
}

/** A tar archive of the files, and of the folders between them and a volume's root, which belong to root. */
export async function archiveOf({
  folders,
  files,
  owner,
}: Pick<Placement, "folders" | "files" | "owner">): Promise<Buffer> {
  const [uid = 0, gid = 0] = owner.split(":").map(Number);
  const pack = tar.pack();
  const read = buffer(pack);
  const missing = new Set<string>();
  const isMissing = (folder: string) => folder !== "/" && !folders.some(({ path }) => path === folder);
  for (const { path } of files)
    for (let folder = posix.dirname(path); isMissing(folder); folder = posix.dirname(folder))
      missing.add(folder);
  // Outermost first.
  for (const folder of [...missing].sort())
    pack.entry({ name: folder.slice(1), type: "directory", mode: 0o755 });
  for (const { path, content, mode } of files) {
    const header = { name: path.slice(1), mode: Number.parseInt(mode, 8), uid, gid };
    pack.entry(header, Buffer.from(content, "base64"));
  }
  pack.finalize();
  return read;
}
