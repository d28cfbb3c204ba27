/** Which images a docker host keeps and which it lets go, from what it says of them. */
import { keptRef, stackTag } from "./plan.ts";

/** Time after an image was last tagged in which it is left alone, in milliseconds: another stack may be loading it. */
const SETTLED_MS = 3_600_000;

/** An image as `docker image inspect` describes it. */
export interface HostImage {
  id: string;
  /** All its names, `name:tag`. */
  names: string[];
  /** When it was last given a name, in milliseconds since 1970; undefined where docker does not know. */
  taggedAt: number | undefined;
}

export interface Pruning {
  /** Names to give: from a ref to the name by which the stack keeps it. */
  hold: [ref: string, kept: string][];
  /** Names by which the stack kept images that it keeps no longer. */
  drop: string[];
  /** Images that no stack keeps, with the names that are left then. Whether a container uses them is still to be asked. */
  remove: HostImage[];
}

/** The names that this program gives; an image with another one was named by a person, who wants it. */
const OWN_NAME =
  /^agatha-(back|front|db)-image:([0-9a-z]{32}|latest|postgresql-[\w.]+-host|migrations-[\w.-]+|kept-[\w.-]+)$/;

const KEPT = /:kept-(?<stack>[\w.-]+)-(?<tag>[0-9abcdfghijklmnpqrsvwxyz]{32})$/;

/**
 * @param images Our images on the host.
 * @param stack The stack that was just deployed.
 * @param kept The refs that it keeps.
 * @param now Milliseconds since 1970.
 */
export function pruning(images: HostImage[], stack: string, kept: ReadonlySet<string>, now: number): Pruning {
  const result: Pruning = { hold: [], drop: [], remove: [] };
  for (const image of images) {
    for (const name of image.names) {
      const [repository = "", tag = ""] = split(name);
      const held = keptRef({ name: repository, tag }, stack);
      if (kept.has(name) && !image.names.includes(held)) result.hold.push([name, held]);
    }
    const dropped = image.names.filter((name) => isDropped(name, stack, kept));
    const left = image.names.filter((name) => !dropped.includes(name));
    const gone = removable({ ...image, names: left }, kept, now);
    // Taking away the last name would remove the image.
    if (left.length > 0) result.drop.push(...dropped);
    if (gone) result.remove.push(left.length > 0 ? { ...image, names: left } : image);
  }
  return result;
}

/** A name by which this stack kept an image that it keeps no longer. */
function isDropped(name: string, stack: string, kept: ReadonlySet<string>): boolean {
  const match = KEPT.exec(name)?.groups;
  if (match?.["stack"] !== stackTag(stack)) return false;
  return !kept.has(`${split(name)[0]}:${match["tag"]}`);
}

function removable({ names, taggedAt }: HostImage, kept: ReadonlySet<string>, now: number): boolean {
  const settled = taggedAt === undefined || now - taggedAt > SETTLED_MS;
  return settled && names.every((name) => OWN_NAME.test(name) && !KEPT.test(name) && !kept.has(name));
}

const split = (name: string): [repository: string, tag: string] => {
  const colon = name.lastIndexOf(":");
  return [name.slice(0, colon), name.slice(colon + 1)];
};
