/** Which image a service is to run: what the files give, or an earlier one that the configuration pins. */
import { createHash } from "node:crypto";
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

/** What one image would be: its ref, its derivation, and the inputs that decide its tag. */
export type ImageMeta = z.infer<typeof imageMeta>;

/** An earlier image that a service is held to; nothing is built for it. */
export interface PinnedImage {
  name: string;
  tag: string;
  alias: string;
  /** The key that pins it: `agatha:back.pin`. */
  pin: string;
}

export type ImagePlan = ImageMeta | PinnedImage;

/** Longest stack name that is taken as it is into a tag: docker allows 128 characters, of which ours take 44 at most. */
const LONGEST_STACK = 80;

/** An image's unique reference: `name:tag`, the tag being the store hash. */
export const imageRef = (image: { name: string; tag: string }): string => `${image.name}:${image.tag}`;

export const isPinned = (image: ImagePlan): image is PinnedImage => "pin" in image;

/** The image of that tag of a service, as `agatha:<service>.pin` asks for it. */
export const pinnedImage = (service: "back" | "front", tag: string): PinnedImage => ({
  name: `agatha-${service}-image`,
  tag,
  alias: "latest",
  pin: `agatha:${service}.pin`,
});

/** The sentence for a pinned image that docker has not. */
export const pinAbsent = ({ name, tag, pin }: PinnedImage): string =>
  `${pin}: "${tag}" is not in docker any more, as ${name}. Pin one that is there (\`npm run history\` lists them), or take the pin away: \`pulumi config rm ${pin}\`.`;

/** What every preview and update says while a pin is set: new files change nothing of that service. */
export const pinNote = (image: PinnedImage): string =>
  `${image.pin}: ${imageRef(image)} runs, whatever the files give, until \`pulumi config rm ${image.pin}\`.`;

/** A stack's name as part of a tag; a long one by its beginning and a hash. */
export function stackTag(stack: string): string {
  if (stack.length <= LONGEST_STACK) return stack;
  const hash = createHash("sha256").update(stack).digest("hex").slice(0, 8);
  return `${stack.slice(0, LONGEST_STACK - 9)}-${hash}`;
}

/**
 * The name by which a stack keeps an image on a docker host: `agatha-back-image:kept-<stack>-<tag>`. The host itself
 * knows by it what each stack may go back to, whoever deployed it and from where.
 */
export const keptRef = (image: { name: string; tag: string }, stack: string): string =>
  `${image.name}:kept-${stackTag(stack)}-${image.tag}`;

/**
 * Another name of the back's image, made of its migrations and its Flyway alone: the migration step runs by it, so that
 * a new jar, which changes the ref, is no reason to migrate. It is the stack's own: of two stacks with the same
 * migrations, one would otherwise lose it when the other's image is pruned.
 */
export function migrationsAlias(back: ImageMeta, stack: string): string {
  const { migrations, flyway } = back.inputs;
  const key = createHash("sha256")
    .update(JSON.stringify([migrations, flyway]))
    .digest("hex")
    .slice(0, 32);
  return `${back.name}:migrations-${stackTag(stack)}-${key}`;
}
