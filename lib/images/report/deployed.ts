/** How an image differs from the deployed one. */
import { isDeepStrictEqual } from "node:util";
import { inspectAll } from "../../docker/client.ts";
import { serviceContainers } from "../../docker/serviceContainers.ts";
import { groups, layerBytes } from "./analyse.ts";
import { imageFrom } from "./archive.ts";
import { type Group, type Image, readableBytes } from "./model.ts";
import { splitName } from "./store.ts";

/** How many files of a changed store path are named. */
const NAMED = 3;

/** The parts of an image's configuration that docker does not fill in itself. */
const KEPT = "Cmd Entrypoint Env ExposedPorts Labels StopSignal User Volumes WorkingDir".split(" ");

export interface Difference {
  /** `same as deployed`, `not deployed`, `differs from …: 2 of 9 layers are new, 30.2 kB`. */
  summary: string;
  /** `~ agatha-back-run 2.7 MB => 2.8 MB`, `+ tzdata 1.2 MB`, `- locale 0.4 MB`. */
  lines: string[];
}

/** @returns How an image differs from the one that the service's container runs. */
export async function sinceDeployed(image: Image, stack: string, service: string): Promise<Difference> {
  try {
    const ids = (await serviceContainers(stack, service)).map(({ id }) => id);
    const format = '{"id":{{json .Image}},"ref":{{json .Config.Image}}}';
    const [running] = await inspectAll<{ id: string; ref: string }>("container", ids, format);
    if (running === undefined) return { summary: "not deployed", lines: [] };
    if (running.ref === image.ref) return { summary: "same as deployed", lines: [] };
    return difference(image, await imageFrom("docker", ["save", running.id]), running.ref);
  } catch (error) {
    return { summary: `not known what is deployed: ${(error as Error).message}`, lines: [] };
  }
}

export function difference(image: Image, deployed: Image, deployedRef: string): Difference {
  const known = new Set(deployed.layers.map(({ digest }) => digest));
  const layers = image.layers.filter(({ digest }) => !known.has(digest));
  const lines = pathLines(groups(image), groups(deployed));
  // Docker writes null, "" or an empty list for what is not set.
  const kept = ({ config }: Image) => KEPT.map((key) => config[key] || null);
  if (!isDeepStrictEqual(kept(image), kept(deployed)))
    lines.push("~ configuration (command, environment, labels or ports)");
  const size = readableBytes(layerBytes({ layers }));
  const some = `${layers.length} of ${image.layers.length} layers are new, ${size}`;
  const count = layers.length === 0 ? "no layer is new" : some;
  return { summary: `differs from ${deployedRef}: ${count}`, lines };
}

/** Store paths that are new or gone; one of each with the same name is a change. Groups of links only are left out. */
function pathLines(now: Group[], before: Group[]): string[] {
  const changed = (group: Group, others: Group[]) => {
    const same = others.find(({ path }) => path === group.path);
    return group.bytes + (same?.bytes ?? 0) > 0 && !isDeepStrictEqual(same?.files, group.files);
  };
  const gone = before.filter((group) => changed(group, now));
  const lines = now
    .filter((group) => changed(group, before))
    .map((group) => {
      const { name } = splitName(group.name);
      const old = gone.findIndex((other) => splitName(other.name).name === name);
      const [paired] = old < 0 ? [] : gone.splice(old, 1);
      return paired ? changeLine(paired, group) : `+ ${group.name} ${readableBytes(group.bytes)}`;
    });
  return [...lines, ...gone.map((group) => `- ${group.name} ${readableBytes(group.bytes)}`)];
}

/** `~ agatha-back-migrate 2.1 kB => 2.2 kB (+ share/agatha/migrations/V7__x.sql)` */
function changeLine(old: Group, group: Group): string {
  const names = old.name === group.name ? group.name : `${old.name} => ${group.name},`;
  const sizes = [...new Set([readableBytes(old.bytes), readableBytes(group.bytes)])].join(" => ");
  const files = ({ path, files }: Group) => files.map((file) => `/${file.path}`.slice(path.length + 1));
  const all = [...only("+", files(group), files(old)), ...only("-", files(old), files(group))];
  const rest = all.splice(NAMED).length;
  if (rest > 0) all.push(`${rest} more`);
  return `~ ${names} ${sizes}${all.length === 0 ? "" : ` (${all.join(", ")})`}`;
}

const only = (mark: string, these: string[], others: string[]): string[] =>
  these.filter((file) => !others.includes(file)).map((file) => `${mark} ${file}`);
