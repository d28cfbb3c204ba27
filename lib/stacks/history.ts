/** What a stack ran, generation by generation, in a reviewer's words. */

import {
  decode,
  type Generation,
  type GenerationImage,
  SERVICES,
  type Service,
} from "../images/generations.ts";
import { differences, short } from "../previews/explain.ts";
import { table } from "../table.ts";
import { UserError } from "../userError.ts";
import { fullName } from "./stack.ts";

/** What the docker host says; undefined where it does not answer. */
export interface HostState {
  /** Refs of the images that are there. */
  images: Set<string>;
  /** The refs that the stack's containers run by. */
  running: Set<string>;
}

/** A generation with all that is told of it. */
export interface Described {
  at: string;
  images: Record<Service, { ref: string; pinned: boolean }>;
  /** What differs from the generation before, by service. */
  changes: string[];
  /** The services whose image is not in docker any more; undefined where docker does not answer. */
  gone: Service[] | undefined;
  /** Whether its images run now; undefined where docker does not answer. */
  runs: boolean | undefined;
}

/** The list in a stack's state, and where its images are. */
export interface Recorded {
  list: Generation[];
  dockerHost: string | undefined;
}

interface Resource {
  urn: string;
  outputs?: { stdout?: unknown; environment?: Record<string, unknown> };
}

/**
 * The list from what `pulumi stack export` prints; empty where nothing was deployed.
 *
 * @throws UserError where the list is none.
 */
export function recorded(exported: string): Recorded {
  const { deployment } = JSON.parse(exported) as { deployment?: { resources?: Resource[] } };
  const resource = deployment?.resources?.find(({ urn }) => urn.endsWith("command:local:Command::history"));
  if (resource === undefined) return { list: [], dockerHost: undefined };
  const list = decode(String(resource.outputs?.stdout));
  if (list === undefined)
    throw new UserError(
      "history: the list in the stack's state cannot be read. `npm run up` begins a new one.",
    );
  const dockerHost = resource.outputs?.environment?.["DOCKER_HOST"];
  return { list, dockerHost: typeof dockerHost === "string" ? dockerHost : undefined };
}

/** Newest first. */
export function describe(list: Generation[], host: HostState | undefined): Described[] {
  const runs = (images: Generation["images"]) =>
    host && SERVICES.every((service) => host.running.has(images[service].ref));
  const described = list.map(({ at, images }, index) => ({
    at,
    images: mapImages(images),
    changes: index === 0 ? [] : SERVICES.flatMap((service) => changes(list, index, service)),
    gone: host && SERVICES.filter((service) => !host.images.has(images[service].ref)),
    // The same images may be there twice, after a way back: the last time counts.
    runs: runs(images) && !list.slice(index + 1).some((later) => runs(later.images)),
  }));
  return described.toReversed();
}

const mapImages = (images: Generation["images"]): Described["images"] => {
  const shown = ({ ref, pinned }: GenerationImage) => ({ ref, pinned: pinned === true });
  return { db: shown(images.db), back: shown(images.back), front: shown(images.front) };
};

function changes(list: Generation[], index: number, service: Service): string[] {
  const [image, before] = [list[index]?.images[service], list[index - 1]?.images[service]];
  if (image === undefined || before === undefined) return [];
  const words: string[] = [];
  if (image.pinned && !before.pinned) words.push("pinned");
  if (before.pinned && !image.pinned) words.push("no longer pinned");
  if (image.ref !== before.ref) words.push(...reasons(before, image));
  return words.map((word) => `${service}: ${word}`);
}

function reasons(before: GenerationImage, image: GenerationImage): string[] {
  const known = [before, image].every(({ inputs }) => Object.keys(inputs).length > 0);
  if (!known) return ["another image, of inputs that are not listed"];
  const different = differences(before.inputs, image.inputs);
  return different.length > 0 ? different : ["~ its recipe in nix/"];
}

/** The table, and below it how to go back. */
export function historyText(stack: string, described: Described[]): string {
  if (described.length === 0) return `Stack ${stack} has no history yet. \`npm run up\` begins it.\n`;
  const rows = described.flatMap((generation) => {
    const { at, images, changes } = generation;
    const [first = "", ...more] = changes;
    const tags = [images.back, images.front, images.db].map(({ ref }) => short(ref));
    return [
      [at.slice(0, 19).replace("T", " "), ...tags, state(generation), first],
      ...more.map((change) => ["", "", "", "", "", change]),
    ];
  });
  return `${table(["healthy since (UTC)", "back", "front", "db", "images", "what changed"], rows)}\n${wayBack(stack, described)}`;
}

function state({ runs, gone }: Described): string {
  if (gone === undefined) return "not known";
  if (gone.length > 0) return `${gone.join(", ")} gone`;
  return runs ? "run now" : "there";
}

/** The commands that hold a service to its image of an earlier generation, and those that let it go. */
function wayBack(stack: string, described: Described[]): string {
  const [newest] = described;
  const lines = (["back", "front"] as const).flatMap((service) => {
    const now = newest?.images[service];
    const earlier = described.find(
      ({ images, gone }) => images[service].ref !== now?.ref && !gone?.includes(service),
    );
    return [
      ...(now?.pinned ? [`pulumi config rm agatha:${service}.pin --stack ${fullName(stack)}`] : []),
      ...(earlier === undefined
        ? []
        : [
            `pulumi config set agatha:${service}.pin ${earlier.images[service].ref.split(":")[1]} --stack ${fullName(stack)}`,
          ]),
    ];
  });
  if (lines.length === 0) return "There is nothing to go back to yet.\n";
  return `To go back, or on, then \`npm run up\`:\n${lines.map((line) => `  ${line}\n`).join("")}`;
}
