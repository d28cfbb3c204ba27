/** The list of what a stack ran: it lies in the stack's state, as the output of the resource `history`. */
import { createHash } from "node:crypto";
import { LISTED } from "../config/schema.ts";
import { type ImagePlan, imageRef, isPinned } from "./plan.ts";

/**
 * Longest list, in bytes: the former list reaches the step as an environment variable, which Linux limits to
 * 131072 bytes.
 */
const LONGEST_LIST = 96_000;

/** Longest inputs of one image that are listed one by one, in bytes: some 800 migrations. */
const LONGEST_INPUTS = 40_000;

export const SERVICES = ["db", "back", "front"] as const;
export type Service = (typeof SERVICES)[number];

/** What decided an image, as `nix/meta.nix` names it. */
export type Inputs = Record<string, string | number | boolean | string[] | Record<string, string>>;

export interface GenerationImage {
  ref: string;
  /** The configuration held the service to it. */
  pinned?: true;
  /** Empty where it is not known: an image that was pinned before the list began. */
  inputs: Inputs;
}

/** What ran from one deployment on that changed an image, to the next. */
export interface Generation {
  /** When its services were healthy: ISO 8601, UTC. */
  at: string;
  images: Record<Service, GenerationImage>;
}

/** What is stored of an image: what differs from the generation before. */
interface StoredImage {
  ref: string;
  pinned?: true;
  /** Inputs that came or changed; `migrations/V1__a.sql` is one of a map. */
  set?: Inputs;
  /** Inputs that went. */
  unset?: string[];
}

interface StoredGeneration {
  at: string;
  images: Partial<Record<Service, StoredImage>>;
}

/** What is deployed now, for the list. Digests are shortened: they are to tell inputs apart, not to prove them. */
export function deployedImages(plans: Record<Service, ImagePlan>): Generation["images"] {
  const describe = (plan: ImagePlan): GenerationImage =>
    isPinned(plan)
      ? { ref: imageRef(plan), pinned: true, inputs: {} }
      : { ref: imageRef(plan), inputs: listed(plan.inputs) };
  return { db: describe(plans.db), back: describe(plans.back), front: describe(plans.front) };
}

function listed(inputs: Inputs): Inputs {
  const short = mapValues(inputs, (value) => {
    if (typeof value === "string") return shortDigest(value);
    return isMap(value) ? mapValues(value, shortDigest) : value;
  });
  if (Buffer.byteLength(JSON.stringify(short)) <= LONGEST_INPUTS) return short;
  return mapValues(short, (value) => {
    if (!isMap(value)) return value;
    const hash = createHash("sha256").update(JSON.stringify(value)).digest("hex");
    return `${Object.keys(value).length} files, ${hash.slice(0, 12)}`;
  });
}

const isMap = (value: Inputs[string]): value is Record<string, string> =>
  typeof value === "object" && !Array.isArray(value);

const shortDigest = (value: string): string => value.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]{52}$/, "$1");

const mapValues = <A, B>(map: Record<string, A>, change: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));

/**
 * The list with what is deployed now as its newest generation. The same images again are the same generation; only
 * whether they are pinned is noted.
 *
 * @param list Oldest first, as everywhere here.
 */
export function record(list: Generation[], images: Generation["images"], at: string): Generation[] {
  const known = mapServices((service) => withInputs(list, service, images[service]));
  const newest = list.at(-1);
  if (newest !== undefined && combination(newest.images) === combination(known))
    return [...list.slice(0, -1), { at: newest.at, images: known }];
  return [...list, { at, images: known }].slice(-LISTED);
}

/** The inputs of a pinned image are those that it was listed with before. */
function withInputs(list: Generation[], service: Service, image: GenerationImage): GenerationImage {
  if (image.pinned === undefined) return image;
  const before = list.findLast(({ images }) => images[service].ref === image.ref);
  return { ...image, inputs: before?.images[service].inputs ?? {} };
}

const mapServices = <T>(of: (service: Service) => T): Record<Service, T> => ({
  db: of("db"),
  back: of("back"),
  front: of("front"),
});

const combination = (images: Generation["images"]): string =>
  SERVICES.map((service) => images[service].ref).join(" ");

/**
 * The refs whose images a stack keeps: those of its newest `keep` different generations, and what comes back when a pin
 * is taken away.
 */
export function keptRefs(list: Generation[], keep: number): Set<string> {
  const kept = new Set<string>();
  const combinations = new Set<string>();
  for (const { images } of list.toReversed()) {
    if (!combinations.has(combination(images)) && combinations.size === keep) break;
    combinations.add(combination(images));
    for (const service of SERVICES) kept.add(images[service].ref);
  }
  for (const service of SERVICES) {
    const unpinned = list.findLast(({ images }) => images[service].pinned === undefined);
    if (unpinned !== undefined) kept.add(unpinned.images[service].ref);
  }
  return kept;
}

/** The list as text, each generation by what differs from the one before; the oldest are left out where it is too long. */
export function encode(list: Generation[]): string {
  const text = JSON.stringify(list.map((generation, index) => stored(generation, list[index - 1])));
  return Buffer.byteLength(text) > LONGEST_LIST && list.length > 1 ? encode(list.slice(1)) : text;
}

function stored({ at, images }: Generation, before: Generation | undefined): StoredGeneration {
  const changed = SERVICES.flatMap((service) => {
    const [image, old] = [images[service], before?.images[service]];
    if (JSON.stringify(image) === JSON.stringify(old)) return [];
    return [[service, storedImage(image, flat(old?.inputs ?? {}))] as const];
  });
  return { at, images: Object.fromEntries(changed) };
}

function storedImage({ ref, pinned, inputs }: GenerationImage, before: Inputs): StoredImage {
  const now = flat(inputs);
  const set = Object.entries(now).filter(([key, value]) => !same(value, before[key]));
  const unset = Object.keys(before).filter((key) => !Object.hasOwn(now, key));
  return {
    ref,
    ...(pinned === undefined ? {} : { pinned }),
    ...(set.length === 0 ? {} : { set: Object.fromEntries(set) }),
    ...(unset.length === 0 ? {} : { unset }),
  };
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** A list from its text; undefined where the text is none, such as what another version of the program wrote. */
export function decode(text: string): Generation[] | undefined {
  try {
    const list: Generation[] = [];
    for (const { at, images } of JSON.parse(text) as StoredGeneration[])
      list.push({
        at,
        images: mapServices((service) => restored(images[service], list.at(-1)?.images[service])),
      });
    return list;
  } catch {
    return undefined;
  }
}

function restored(image: StoredImage | undefined, before: GenerationImage | undefined): GenerationImage {
  if (image === undefined) {
    if (before === undefined) throw new Error("an image that is listed nowhere");
    return before;
  }
  const unset = new Set(image.unset);
  const left = Object.entries(flat(before?.inputs ?? {})).filter(([key]) => !unset.has(key));
  const inputs = deep({ ...Object.fromEntries(left), ...image.set });
  return { ref: image.ref, ...(image.pinned === undefined ? {} : { pinned: true }), inputs };
}

/** Maps in the inputs by keys of their own, `migrations/V1__a.sql`: names of inputs have no slash. */
function flat(inputs: Inputs): Inputs {
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([key, value]) =>
      isMap(value) ? Object.entries(value).map(([name, inner]) => [`${key}/${name}`, inner]) : [[key, value]],
    ),
  ) as Inputs;
}

function deep(inputs: Inputs): Inputs {
  const result: Inputs = {};
  for (const [key, value] of Object.entries(inputs)) {
    const slash = key.indexOf("/");
    if (slash < 0) {
      result[key] = value;
      continue;
    }
    const name = key.slice(0, slash);
    const map = (result[name] ?? {}) as Record<string, string>;
    map[key.slice(slash + 1)] = value as string;
    result[name] = map;
  }
  return result;
}
