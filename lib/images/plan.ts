/** The image that a service is to run: one made of the files, or an earlier one that the configuration pins. */
import { hash } from "node:crypto";
import { z } from "zod";

const hashes = z.record(z.string(), z.string());

export const imageMeta = z.object({
  name: z.string(),
  tag: z.string(),
  alias: z.string(),
  attribute: z.string(),
  drvPath: z.string(),
  inputs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string()), hashes])),
});

/** An image before it is built: its ref, its derivation, and the inputs that decide its tag. */
export type ImageMeta = z.infer<typeof imageMeta>;

/** An earlier image that the configuration pins by a key, `agatha:back.pin`; nothing is built for it. */
type PinnedImage = Pick<ImageMeta, "name" | "tag" | "alias"> & { pin: string };

export type ImagePlan = ImageMeta | PinnedImage;

/** Longest stack name that a tag contains unchanged: docker allows 128 characters, and ours take up to 44. */
const LONGEST_STACK = 80;

/** An image's unique reference, `name:tag`. The tag is its store hash. */
export const imageRef = (image: { name: string; tag: string }): string => `${image.name}:${image.tag}`;

export const isPinned = (image: ImagePlan): image is PinnedImage => "pin" in image;

/** The image that `agatha:<service>.pin` names. */
export const pinnedImage = (service: "back" | "front", tag: string): PinnedImage => ({
  name: `agatha-${service}-image`,
  tag,
  alias: "latest",
  pin: `agatha:${service}.pin`,
});

/** The message for a pinned image that docker does not have. */
export const pinAbsent = ({ name, tag, pin }: PinnedImage): string =>
  `${pin}: "${tag}" is not in docker any more, as ${name}. Pin one that is there (\`npm run history\` lists them), or take the pin away: \`pulumi config rm --path ${pin}\`.`;

/** The note of every preview and update while a pin is set, since new files do not change that service. */
export const pinNote = (image: PinnedImage): string =>
  `${image.pin}: ${imageRef(image)} runs, whatever the files give, until \`pulumi config rm --path ${image.pin}\`.`;

/** A stack's name as part of a tag: of a long one, the beginning and a hash. */
export function stackTag(stack: string): string {
  if (stack.length <= LONGEST_STACK) return stack;
  return `${stack.slice(0, LONGEST_STACK - 9)}-${hash("sha256", stack).slice(0, 8)}`;
}

/** The name by which a stack keeps an image on its docker host, which so knows what the stack may go back to. */
export const keptRef = (image: { name: string; tag: string }, stack: string): string =>
  `${image.name}:kept-${stackTag(stack)}-${image.tag}`;

/**
 * Another name of the back's image, for the migration step: a new jar, which changes the ref, is no reason to migrate. Each stack
 * has its own, which it does not lose when another stack's image is pruned.
 */
export function migrationsAlias(back: ImageMeta, stack: string): string {
  const { migrations, flyway } = back.inputs;
  const key = hash("sha256", JSON.stringify([migrations, flyway])).slice(0, 32);
  return `${back.name}:migrations-${stackTag(stack)}-${key}`;
}
