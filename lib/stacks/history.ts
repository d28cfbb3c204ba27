/** A stack's history as `npm run history` shows it: what ran when, what changed, what runs now, and how to go back. */
import { ofStack } from "../docker/arguments.ts";
import { short } from "../images/differences.ts";
import { decode, type Generation, type History, NO_HISTORY, refsOf } from "../images/generations.ts";
import { type Env, run } from "../process.ts";
import { entriesOf, mapEntries, type PerService, type ServiceName } from "../serviceNames.ts";
import { table } from "../table.ts";
import { UserError } from "../userError.ts";
import { swarmServices } from "./dockerObjects.ts";
import { fullName } from "./pulumi.ts";
import type { Deployment } from "./state.ts";

/** What the docker host says: the refs of the images that are there, and those that the stack's containers run by. */
type HostState = Record<"images" | "running", Set<string>>;

/** A generation as it is shown. */
interface Described {
  at: string;
  images: PerService<{ ref: string; pinned: boolean }>;
  /** What differs from the generation before, by service. */
  changes: string[];
  /** The services whose image docker no longer has. Undefined if docker does not answer. */
  gone: ServiceName[] | undefined;
  /** Whether its images run now. Undefined if docker does not answer. */
  runs: boolean | undefined;
}

/** The history in a stack's state, empty if nothing was deployed, and its docker host. @throws UserError if it cannot be read. */
export function recorded({ resources = [] }: Deployment): { history: History; dockerHost?: string } {
  const resource = resources.find(({ urn }) => urn.endsWith("command:local:Command::history"));
  if (resource === undefined) return { history: NO_HISTORY };
  const history = decode(String(resource.outputs?.["stdout"]));
  if (history === undefined)
    throw new UserError(
      "history: the list in the stack's state cannot be read. `npm run up` begins a new one.",
    );
  const environment = resource.outputs?.["environment"] as { DOCKER_HOST?: unknown } | undefined;
  const host = environment?.DOCKER_HOST;
  return { history, ...(typeof host === "string" && { dockerHost: host }) };
}

/** What docker says of a stack's images. @param swarm Whether it is on one. @returns Undefined if docker does not answer. */
export async function hostState(stack: string, swarm: boolean, env: Env): Promise<HostState | undefined> {
  const ask = async (args: string[]) => {
    const { code, stdout } = await run("docker", args, { env, optional: true });
    return code === 0 ? new Set(stdout.split("\n").filter(Boolean)) : undefined;
  };
  const names = ["--format", "{{.Repository}}:{{.Tag}}"];
  const images = await ask(["image", "ls", "--filter", "reference=agatha-*-image", ...names]);
  const running = await ask(["ps", ...ofStack(stack), "--format", "{{.Image}}"]);
  if (images === undefined || running === undefined) return undefined;
  if (swarm) for (const { image } of await swarmServices(stack, env)) running.add(image);
  return { images, running };
}

/** The generations, newest first. */
export function describe({ generations }: History, host: HostState | undefined): Described[] {
  const runs = (images: Generation["images"]) => host && refsOf(images).every((ref) => host.running.has(ref));
  const described = generations.map(({ at, images }, index) => ({
    at,
    images: mapEntries(images, ({ ref, pinned }) => ({ ref, pinned: pinned === true })),
    changes: changes(images, generations[index - 1]?.images),
    gone: host && entriesOf(images).flatMap(([service, { ref }]) => (host.images.has(ref) ? [] : service)),
    // After a way back, the same images are there twice: the last time counts.
    runs: runs(images) && !generations.slice(index + 1).some((later) => runs(later.images)),
  }));
  return described.toReversed();
}

function changes(images: Generation["images"], before: Generation["images"] | undefined): string[] {
  if (before === undefined) return [];
  return entriesOf(images).flatMap(([service, { pinned, changes = [] }]) => {
    const former = before[service];
    if (former === undefined) return `${service}: is new`;
    const pin = former.pinned === pinned ? [] : [pinned ? "pinned" : "no longer pinned"];
    return [...pin, ...changes].map((change) => `${service}: ${change}`);
  });
}

/** The table, and below it how to go back. */
export function historyText(stack: string, described: Described[]): string {
  if (described.length === 0) return `Stack ${stack} has no history yet. \`npm run up\` begins it.\n`;
  const services = ["back", "front", "db", "gateway"] as const;
  const rows = described.flatMap((generation) => {
    const [first = "", ...more] = generation.changes;
    const refs = services.map((service) => generation.images[service]?.ref);
    const tags = refs.map((ref) => (ref === undefined ? "-" : short(ref)));
    return [
      [generation.at.slice(0, 19).replace("T", " "), ...tags, state(generation), first],
      ...more.map((change) => ["", "", "", "", "", "", change]),
    ];
  });
  const head = ["healthy since (UTC)", ...services, "images", "what changed"];
  return `${table(head, rows)}\n${wayBack(stack, described)}`;
}

function state({ runs, gone }: Described): string {
  if (gone === undefined) return "not known";
  if (gone.length > 0) return `${gone.join(", ")} gone`;
  return runs ? "run now" : "there";
}

/** The commands that hold a service to its image of an earlier generation, and those that let it go. */
function wayBack(stack: string, described: Described[]): string {
  const [newest] = described;
  const name = fullName(stack);
  const lines = (["back", "front"] as const).flatMap((service) => {
    const now = newest?.images[service];
    const earlier = described.find(
      ({ images, gone }) => images[service].ref !== now?.ref && !gone?.includes(service),
    );
    const tag = earlier?.images[service].ref.split(":")[1];
    const key = `agatha:${service}.pin`;
    return [
      ...(now?.pinned ? [`pulumi config rm --path ${key} --stack ${name}`] : []),
      ...(tag === undefined ? [] : [`pulumi config set --path ${key} ${tag} --stack ${name}`]),
    ];
  });
  if (lines.length === 0) return "There is nothing to go back to yet.\n";
  return `To go back, or on, then \`npm run up\`:\n${lines.map((line) => `  ${line}\n`).join("")}`;
}
