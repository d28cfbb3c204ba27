/** The goals, and whether they are met: rows of the table that the bench prints. */
import { table } from "../../lib/table.ts";
import type { Change, LoadedUpdate, LoadedUpdates, Paired, Results, WayName } from "./results.ts";
import { median, pairedRatio } from "./stats.ts";

/** One comparison. */
export interface Row {
  what: string;
  ours: string;
  against: string;
  /** Ours divided by the other's. */
  ratio: number;
  /** The ratio must not exceed it; undefined if a row only informs. */
  goal?: number;
  /** Decimals that the ratio needs to differ from its goal. Default: 2. */
  decimals?: number;
}

/** Bytes: the migrations' layer lies on the jar's and is sent with it, 1.1 % of the sample's jar. */
const GOALS = {
  ...{ noop: 1.3, plain: 1.15, preview: 1.5, againstSeed: 1, againstDockerfile: 1.5, bytes: 1.02 },
  ...{ failed: 0, lost: 0, scaling: 1 },
};

const NAMES: Record<Exclude<WayName, "ours">, string> = {
  seed: "the seed's recipe",
  dockerfile: "compose up --build",
};

const seconds = (value: number): string => `${value.toFixed(2)} s`;
const milliseconds = (value: number): string => `${(value * 1000).toFixed(0)} ms`;

/** A size as text, precise enough to show a difference of 1 %. */
export const size = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;

export function rows(results: Results): Row[] {
  return [
    ...(results.noop ? [pairedRow("no-op up", results.noop, "empty program", GOALS.noop)] : []),
    ...(results.sdk ? [pairedRow("no-op up", results.sdk, "program that imports the SDK")] : []),
    ...(results.plain ? [pairedRow("no-op up", results.plain, "plain containers", GOALS.plain)] : []),
    ...(results.preview ? [pairedRow("no-op preview", results.preview, "empty program", GOALS.preview)] : []),
    ...(results.jar ? changeRows("changed jar", results.jar, true) : []),
    ...(results.dist ? changeRows("changed dist", results.dist, false) : []),
    ...Object.entries(results.updates ?? {}).flatMap(([service, updates]) => updateRows(service, updates)),
    ...scalingRows("no-op up", results.scaling ?? []),
    ...(results.swarm ? swarmRows(results.swarm) : []),
    ...scalingRows("no-op up on a swarm", results.swarmScaling ?? []),
  ];
}

/** The goals are those of one host. */
const swarmRows = ({ noop, updates }: NonNullable<Results["swarm"]>): Row[] => [
  pairedRow("no-op up on a swarm", noop, "empty program", GOALS.noop),
  ...Object.entries(updates).flatMap(([service, found]) =>
    updateRows(`${service} on a swarm`, found, "one host"),
  ),
];

function pairedRow(what: string, { ours, empty }: Paired, program: string, goal?: number): Row {
  const ratio = pairedRatio(ours, empty);
  const against = `${seconds(median(empty))} ${program}`;
  return { what, ours: seconds(median(ours)), against, ratio, ...(goal === undefined ? {} : { goal }) };
}

/** @param goals Whether the goals for time are this change's: the issue sets them for a jar. */
function changeRows(what: string, change: Change, goals: boolean): Row[] {
  const time = (way: "seed" | "dockerfile", goal: number): Row => ({
    what: `${what}, until it answers`,
    ours: seconds(median(change.ours.seconds)),
    against: `${seconds(median(change[way].seconds))} ${NAMES[way]}`,
    ratio: pairedRatio(change.ours.seconds, change[way].seconds),
    ...(goals ? { goal } : {}),
  });
  const sent = (against: number[], name: string, goal?: number): Row => ({
    what: `${what}, bytes sent`,
    ours: size(median(change.ours.bytes)),
    against: `${size(median(against))} ${name}`,
    ratio: pairedRatio(change.ours.bytes, against),
    ...(goal === undefined ? {} : { goal }),
    decimals: 3,
  });
  return [
    time("dockerfile", GOALS.againstDockerfile),
    time("seed", GOALS.againstSeed),
    sent(change.changedLayers, "changed layers", GOALS.bytes),
    sent(change.dockerfile.bytes, NAMES.dockerfile),
    sent(change.seed.bytes, NAMES.seed),
  ];
}

/** What clients notice of updates: all of them together, since one failure is one too many. */
function updateRows(service: string, { ours, compose }: LoadedUpdates, other = "compose up -d"): Row[] {
  const sum = (updates: LoadedUpdate[], count: (update: LoadedUpdate) => number) =>
    updates.reduce((all, update) => all + count(update), 0);
  const compared = (
    name: string,
    value: (updates: LoadedUpdate[]) => number,
    text: (updates: LoadedUpdate[]) => string,
    goal?: number,
  ): Row => ({
    what: `${ours.length} updates of the ${service}, ${name}`,
    ours: text(ours),
    against: `${text(compose)} ${other}`,
    ratio: value(ours) === 0 ? 0 : value(ours) / value(compose),
    ...(goal === undefined ? {} : { goal }),
    decimals: 3,
  });
  const failed = (updates: LoadedUpdate[]) => sum(updates, (update) => update.failed);
  const requests = (updates: LoadedUpdate[]) => sum(updates, (update) => update.requests);
  const lost = (updates: LoadedUpdate[]) =>
    sum(updates, ({ missing, repeated }) => missing.length + repeated.length);
  const acknowledged = (updates: LoadedUpdate[]) => sum(updates, (update) => update.acknowledged);
  const gap = (updates: LoadedUpdate[]) => Math.max(...updates.map(({ longestGapMs }) => longestGapMs));
  const of = (part: number, whole: number) => `${part} of ${whole}`;
  return [
    compared("failed requests", failed, (all) => of(failed(all), requests(all)), GOALS.failed),
    compared("longest gap", gap, (all) => milliseconds(gap(all) / 1000)),
    compared("lost or doubled writes", lost, (all) => of(lost(all), acknowledged(all)), GOALS.lost),
  ];
}

/** What a service costs beyond the empty program: with more services, each must not cost more. */
function scalingRows(kind: string, scaling: NonNullable<Results["scaling"]>): Row[] {
  const costs = scaling.map(({ services, ours, empty }) => {
    const beyond = ours.map((value, round) => value - (empty[round] as number));
    return { services, up: median(ours), each: median(beyond) / services };
  });
  return costs.slice(1).map((cost, index) => {
    const before = costs[index] as (typeof costs)[number];
    const name = ({ services, up, each }: typeof cost) =>
      `${milliseconds(each)} (${services} services, up ${seconds(up)})`;
    const what = `${kind}, each service's part`;
    return {
      what,
      ours: name(cost),
      against: name(before),
      ratio: cost.each / before.each,
      goal: GOALS.scaling,
    };
  });
}

export const met = ({ ratio, goal }: Row): boolean => goal === undefined || ratio <= goal;

/** The table for a terminal. */
export function goalTable(all: Row[]): string {
  const cells = all.map((row) => {
    const decimals = row.decimals ?? 2;
    const goal = row.goal === undefined ? "" : `<= ${row.goal.toFixed(decimals)}`;
    const verdict = row.goal === undefined ? "" : met(row) ? "met" : "missed";
    return [row.what, row.ours, row.against, row.ratio.toFixed(decimals), goal, verdict];
  });
  return table(["measured", "ours", "against", "ratio", "goal", ""], cells);
}
