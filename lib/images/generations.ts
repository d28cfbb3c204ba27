/** What a stack ran, generation by generation: it lies in the stack's state, as the output of the resource `history`. */
import { hash } from "node:crypto";
import { z } from "zod";
import { LISTED } from "../config/schema.ts";
import { legacyGenerations } from "../legacyOutputs.ts";
import { entriesOf, mapEntries, type PerService, SERVICES } from "../serviceNames.ts";
import { differences, isMap, worded } from "./differences.ts";
import { type ImagePlan, imageMeta, imageRef, isPinned } from "./plan.ts";

/** Longest history, in bytes: the former one reaches the step as a variable, which Linux limits to 131072 bytes. */
const LONGEST_HISTORY = 96_000;

/** Longest inputs of one image that are listed one by one, in bytes: some 800 migrations. */
const LONGEST_INPUTS = 40_000;

/** Changes of one image that are listed one by one. */
const MOST_CHANGES = 100;

const inputs = imageMeta.shape.inputs;

const image = z.object({
  ref: z.string(),
  /** The configuration held the service to it. */
  pinned: z.literal(true).optional(),
  /** What made it differ from the one before, as people read it. Left out if it is the same one. */
  changes: z.array(z.string()).optional(),
});

/** What ran from one deployment on that changed an image, to the next. `at` is when its services were healthy, in UTC. */
const generation = z.object({
  at: z.string(),
  // Generations of before the gateway have none.
  images: z.object({ db: image, back: image, front: image, gateway: image.optional() }),
});

const history = z.object({
  /** Oldest first. */
  generations: z.array(generation),
  /** By ref, what decided an image: of the newest generation, and of older ones as far as there is room. */
  inputs: z.record(z.string(), inputs),
});

/** What decided an image, as `nix/meta.nix` names it. */
export type Inputs = z.infer<typeof inputs>;
export type Generation = z.infer<typeof generation>;
export type History = z.infer<typeof history>;

/** What is deployed. Inputs are empty if an image is pinned: they are not in this project's files. */
export type DeployedImages = PerService<{ ref: string; pinned?: true; inputs: Inputs }>;

export const NO_HISTORY: History = { generations: [], inputs: {} };

export const deployedImages = (plans: PerService<ImagePlan>): DeployedImages =>
  mapEntries(plans, (plan) => ({
    ref: imageRef(plan),
    ...(isPinned(plan) ? { pinned: true, inputs: {} } : { inputs: listed(plan.inputs) }),
  }));

/** As they are recorded: digests, which prove nothing, are shortened, and too many files are counted. */
export function listed(inputs: Inputs): Inputs {
  const short = mapValues(inputs, (value) => {
    if (typeof value === "string") return shortDigest(value);
    return isMap(value) ? mapValues(value, shortDigest) : value;
  });
  if (Buffer.byteLength(JSON.stringify(short)) <= LONGEST_INPUTS) return short;
  return mapValues(short, (value) => {
    if (!isMap(value)) return value;
    return `${Object.keys(value).length} files, ${hash("sha256", JSON.stringify(value)).slice(0, 12)}`;
  });
}

const shortDigest = (value: string): string => value.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]{52}$/, "$1");

const mapValues = <A, B>(map: Record<string, A>, change: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));

/** With what is deployed as its newest generation. The same images again are the same one; whether they are pinned is noted. */
export function record(before: History, deployed: DeployedImages, at: string): History {
  const inputs = { ...before.inputs };
  for (const { ref, inputs: given } of Object.values(deployed))
    if (Object.keys(given).length > 0) inputs[ref] = given;
  const newest = before.generations.at(-1);
  const again = newest !== undefined && combination(newest.images) === combination(deployed);
  const images = mapEntries(deployed, ({ ref, pinned }, service): z.infer<typeof image> => {
    const former = newest?.images[service];
    const another = former !== undefined && former.ref !== ref;
    const changes = another ? reasons(inputs[former.ref], inputs[ref]) : again ? former?.changes : undefined;
    return { ref, ...(pinned && { pinned }), ...(changes && { changes }) };
  });
  const generations = again
    ? before.generations.with(-1, { at: newest.at, images })
    : [...before.generations, { at, images }].slice(-LISTED);
  return withListed(generations, inputs);
}

/** Inputs of images that are listed no longer are dropped. */
function withListed(generations: Generation[], inputs: History["inputs"]): History {
  const refs = new Set(generations.flatMap(({ images }) => refsOf(images)));
  const listed = Object.entries(inputs).filter(([ref]) => refs.has(ref));
  return { generations, inputs: Object.fromEntries(listed) };
}

function reasons(before: Inputs | undefined, after: Inputs | undefined): string[] {
  if (before === undefined || after === undefined) return ["another image, of inputs that are not listed"];
  const all = differences(before, after).map(worded);
  if (all.length === 0) return ["~ its recipe in nix/"];
  const more = all.splice(MOST_CHANGES).length;
  return more > 0 ? [...all, `and ${more} more`] : all;
}

/** The refs of a stack's images, of each service that has one. */
export const refsOf = (images: PerService<{ ref: string }>): string[] =>
  entriesOf(images).map(([, { ref }]) => ref);

const combination = (images: PerService<{ ref: string }>): string => refsOf(images).join(" ");

/** The refs that a stack keeps: of its newest `keep` different generations, and what comes back when a pin is taken away. */
export function keptRefs({ generations }: History, keep: number): Set<string> {
  const kept = new Set<string>();
  const combinations = new Set<string>();
  for (const { images } of generations.toReversed()) {
    if (!combinations.has(combination(images)) && combinations.size === keep) break;
    combinations.add(combination(images));
    for (const ref of refsOf(images)) kept.add(ref);
  }
  for (const service of SERVICES) {
    const unpinned = generations.findLast(({ images }) => images[service]?.pinned === undefined);
    const ref = unpinned?.images[service]?.ref;
    if (ref !== undefined) kept.add(ref);
  }
  return kept;
}

/** The history as text. If it is too long, the oldest inputs are left out, then the oldest generations. */
export function encode({ generations, inputs }: History): string {
  const text = JSON.stringify({ generations, inputs });
  if (Buffer.byteLength(text) <= LONGEST_HISTORY) return text;
  const newest = generations.at(-1)?.images;
  const old = generations
    .flatMap(({ images }) => refsOf(images))
    .find((ref) => ref in inputs && !(newest && refsOf(newest).includes(ref)));
  if (old === undefined)
    return generations.length > 1 ? encode(withListed(generations.slice(1), inputs)) : text;
  const { [old]: _, ...rest } = inputs;
  return encode({ generations, inputs: rest });
}

/** A history from its text, in the form of before too. Undefined if it is neither. */
export function decode(text: string): History | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!Array.isArray(value)) return history.parse(value);
    const generations = legacyGenerations(value) as { at: string; images: DeployedImages }[];
    return history.parse(generations.reduce((all, { at, images }) => record(all, images, at), NO_HISTORY));
  } catch {
    return undefined;
  }
}
