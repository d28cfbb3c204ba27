/** Which images a docker host keeps and which it removes, and the links that keep their contents in the Nix store. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { docker, dockerLines, inspectAll } from "../docker/client.ts";
import { run } from "../process.ts";
import { keptRef, stackTag } from "./plan.ts";

/** Time after its last tag in which an image is left alone, in milliseconds: another stack may be loading it. */
const SETTLED_MS = 3_600_000;

/** An image as `docker image inspect` describes it. */
export interface HostImage {
  id: string;
  /** All its names, `name:tag`. */
  names: string[];
  /** When it was last given a name; the year 1 if docker does not know. */
  tagged: string;
}

/** The names that this program gives. An image with any other name was named by a person, who wants it. */
const OWN_NAME =
  /^agatha-(back|front|db|gateway)-image:([0-9a-z]{32}|latest|postgresql-[\w.]+-host|migrations-[\w.-]+|kept-[\w.-]+)$/;

const KEPT = /:kept-(?<stack>[\w.-]+)-(?<tag>[0-9abcdfghijklmnpqrsvwxyz]{32})$/;

/** An image's own name, by its store hash, as opposed to its aliases. */
const REF = /:[0-9a-z]{32}$/;

/** Names what the stack keeps, and removes the images that no stack keeps and no container uses, with a line on standard error. */
export async function prune(stack: string, kept: ReadonlySet<string>): Promise<void> {
  const { hold, drop, remove } = pruning(await hostImages(), stack, kept, Date.now());
  for (const [ref, name] of hold) await docker(["tag", ref, name]);
  if (drop.length > 0) await docker(["image", "rm", ...drop]);
  if (remove.length === 0) return;
  const containers = await dockerLines(["container", "ls", "--all", "--quiet", "--no-trunc"]);
  const used = new Set(await inspectAll<string>("container", containers, "{{json .Image}}"));
  for (const { id, names } of remove) {
    if (used.has(id)) continue;
    const { code, stderr } = await run("docker", ["image", "rm", ...names]);
    // The services are healthy and the images are only superfluous, so the update does not fail.
    const what = code === 0 ? "is removed: no stack keeps it" : `stays: ${stderr.trim()}`;
    process.stderr.write(`${names.find((name) => REF.test(name)) ?? id} ${what}\n`);
  }
}

async function hostImages(): Promise<HostImage[]> {
  const filter = ["--filter", "reference=agatha-*-image"];
  const ids = await dockerLines(["image", "ls", "--quiet", "--no-trunc", ...filter]);
  const format = '{"id":{{json .Id}},"names":{{json .RepoTags}},"tagged":{{json .Metadata.LastTagTime}}}';
  return inspectAll<HostImage>("image", ids, format);
}

/** Removes the links `back-image-<tag>` that keep images from Nix's garbage collector which the stack no longer keeps. */
export function dropRoots(stack: string, kept: ReadonlySet<string>): void {
  const folder = `.state/gcroots/${stack}`;
  // None if nothing was built on this machine.
  for (const link of existsSync(folder) ? readdirSync(folder) : []) {
    const match = /^(?<attribute>[\w-]+)-(?<tag>[0-9a-z]{32})(?<archive>\.tar)?$/.exec(link)?.groups;
    if (match === undefined) continue;
    // An archive is needed only while it is loaded: a step that was killed left this one.
    if (match["archive"] !== undefined || !kept.has(`agatha-${match["attribute"]}:${match["tag"]}`))
      rmSync(`${folder}/${link}`, { force: true });
  }
}

/** @param kept The refs that the stack keeps. @param now Milliseconds since 1970. */
export function pruning(images: HostImage[], stack: string, kept: ReadonlySet<string>, now: number) {
  /** Names to give: from a ref to the name by which the stack keeps it. */
  const hold: [ref: string, kept: string][] = [];
  /** Names by which the stack kept images that it no longer keeps. */
  const drop: string[] = [];
  /** Images that no stack keeps, with the names that they have left. A container may still use them. */
  const remove: HostImage[] = [];
  for (const image of images) {
    for (const ref of image.names.filter((name) => kept.has(name))) {
      const [name = "", tag = ""] = ref.split(":");
      const held = keptRef({ name, tag }, stack);
      if (!image.names.includes(held)) hold.push([ref, held]);
    }
    const dropped = image.names.filter((name) => isDropped(name, stack, kept));
    const left = { ...image, names: image.names.filter((name) => !dropped.includes(name)) };
    // An image without its last name is gone.
    if (left.names.length > 0) drop.push(...dropped);
    if (removable(left, kept, now)) remove.push(left.names.length > 0 ? left : image);
  }
  return { hold, drop, remove };
}

/** Whether this stack kept an image by that name, and no longer does. */
const isDropped = (name: string, stack: string, kept: ReadonlySet<string>): boolean =>
  KEPT.exec(name)?.groups?.["stack"] === stackTag(stack) && !kept.has(name.replace(KEPT, ":$<tag>"));

const removable = ({ names, tagged }: HostImage, kept: ReadonlySet<string>, now: number): boolean =>
  !(now - Date.parse(tagged) <= SETTLED_MS) &&
  names.every((name) => OWN_NAME.test(name) && !KEPT.test(name) && !kept.has(name));
