/** What an image has that the deployed one lacks, and the other way round. */
import { groups } from "./analyse.ts";
import type { Group, Image } from "./model.ts";
import { megabytes } from "./model.ts";
import { splitName } from "./store.ts";

/** Files of a changed path that are named. */
const NAMED = 3;

export interface Difference {
  /** A sentence: `same as deployed`, `not deployed`, `differs from …: 2 of 9 layers are new, 30.2 kB`. */
  summary: string;
  /** `~ agatha-back-run 2.7 MB => 2.8 MB`, `+ tzdata 1.2 MB`, `- locale 0.4 MB`. */
  lines: string[];
}

/** How `image` differs from what runs. */
export function difference(image: Image, deployed: Image, deployedRef: string): Difference {
  const known = new Set(deployed.layers.map(({ digest }) => digest));
  const fresh = image.layers.filter(({ digest }) => !known.has(digest));
  const bytes = fresh.reduce((sum, { files }) => sum + files.reduce((all, { size }) => all + size, 0), 0);
  const lines = pathLines(groups(image), groups(deployed));
  if (stable(image.config) !== stable(deployed.config))
    lines.push("~ configuration (command, environment, labels or ports)");
  const count =
    fresh.length === 0
      ? "no layer is new"
      : `${fresh.length} of ${image.layers.length} layers are new, ${megabytes(bytes)}`;
  return {
    summary: `differs from ${deployedRef}: ${count}`,
    lines,
  };
}

/** Paths that come and go; two of one name are one that changes. Links alone say nothing: they follow what they lead to. */
function pathLines(now: Group[], before: Group[]): string[] {
  const changed = (group: Group, others: Group[]) => {
    const same = others.find(({ path }) => path === group.path);
    return (
      group.bytes + (same?.bytes ?? 0) > 0 && JSON.stringify(same?.files) !== JSON.stringify(group.files)
    );
  };
  const come = now.filter((group) => changed(group, before));
  const gone = before.filter((group) => changed(group, now));
  const paired = new Set<Group>();
  const lines = come.map((group) => {
    const { name } = splitName(group.name);
    const old = gone.find((other) => !paired.has(other) && splitName(other.name).name === name);
    if (old === undefined) return `+ ${group.name} ${megabytes(group.bytes)}`;
    paired.add(old);
    return changeLine(old, group);
  });
  const left = gone.filter((group) => !paired.has(group));
  return [...lines, ...left.map((group) => `- ${group.name} ${megabytes(group.bytes)}`)];
}

/** `~ agatha-back-migrate 2.1 kB => 2.2 kB (+ share/agatha/migrations/V7__x.sql)` */
function changeLine(old: Group, group: Group): string {
  const names = old.name === group.name ? group.name : `${old.name} => ${group.name},`;
  const sizes = [...new Set([megabytes(old.bytes), megabytes(group.bytes)])].join(" => ");
  const files = ({ path, files }: Group) => files.map((file) => `/${file.path}`.slice(path.length + 1));
  const [before, now] = [files(old), files(group)];
  const all = [
    ...now.filter((file) => !before.includes(file)).map((file) => `+ ${file}`),
    ...before.filter((file) => !now.includes(file)).map((file) => `- ${file}`),
  ];
  const more = all.length > NAMED ? `, ${all.length - NAMED} more` : "";
  return `~ ${names} ${sizes}${all.length === 0 ? "" : ` (${all.slice(0, NAMED).join(", ")}${more})`}`;
}

/** JSON with sorted keys, without what docker leaves empty or fills in itself. */
function stable(config: Image["config"]): string {
  const kept = [
    "Cmd",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Labels",
    "StopSignal",
    "User",
    "Volumes",
    "WorkingDir",
  ];
  const sorted = (value: unknown): unknown => {
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map(sorted);
    const entries = Object.entries(value).map(([key, inner]) => [key, sorted(inner)] as const);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  return JSON.stringify(kept.map((key) => sorted(config[key] || null)));
}
