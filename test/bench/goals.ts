/** The goals, and whether they are met: rows of the table that the bench prints. */
import { table } from "../../lib/table.ts";
import type { Change, LoadedUpdate, LoadedUpdates, Paired, Results, Scaling } from "./results.ts";
import { median, pairedRatio } from "./stats.ts";

/** One comparison. */
export interface Row {
  what: string;
  ours: string;
  against: string;
  /** Ours divided by the other's. */
  ratio: number;
  /** The ratio must not exceed it; undefined if a row only informs. */
  goal?: number | undefined;
  /** Decimals that the ratio needs to differ from its goal. Default: 2. */
  decimals?: number;
}

/** Bytes: the migrations' layer lies on the jar's and is sent with it, 1.1 % of the sample's jar. */
const GOALS = {
  ...{ noop: 1.3, plain: 1.15, preview: 1.5, seed: 1, dockerfile: 1.5, bytes: 1.02 },
  ...{ failed: 0, lost: 0, scaling: 1 },
};

const NAMES = { seed: "the seed's recipe", dockerfile: "compose up --build" };

const seconds = (value: number): string => `${value.toFixed(2)} s`;
const milliseconds = (value: number): string => `${(value * 1000).toFixed(0)} ms`;

/** A size as text, precise enough to show a difference of 1 %. */
export const size = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;

export function rows({ noop, sdk, plain, preview, jar, dist, swarm, ...results }: Results): Row[] {
  return [
    ...pairedRows("no-op up", noop, "empty program", GOALS.noop),
    ...pairedRows("no-op up", sdk, "program that imports the SDK"),
    ...pairedRows("no-op up", plain, "plain containers", GOALS.plain),
    ...pairedRows("no-op preview", preview, "empty program", GOALS.preview),
    ...(jar ? changeRows("changed jar", jar, true) : []),
    ...(dist ? changeRows("changed dist", dist, false) : []),
    ...Object.entries(results.updates ?? {}).flatMap(([service, updates]) => updateRows(service, updates)),
    ...scalingRows("no-op up", results.scaling ?? []),
    // The goals are those of one host.
    ...pairedRows("no-op up on a swarm", swarm?.noop, "empty program", GOALS.noop),
    ...Object.entries(swarm?.updates ?? {}).flatMap(([service, updates]) =>
      updateRows(`${service} on a swarm`, updates, "one host"),
    ),
    ...scalingRows("no-op up on a swarm", results.swarmScaling ?? []),
  ];
}

function pairedRows(what: string, paired: Paired | undefined, program: string, goal?: number): Row[] {
  if (paired === undefined) return [];
  const { ours, empty } = paired;
  const against = `${seconds(median(empty))} ${program}`;
  return [{ what, ours: seconds(median(ours)), against, ratio: pairedRatio(ours, empty), goal }];
}

/** @param goals Whether the goals for time are this change's: the issue sets them for a jar. */
function changeRows(what: string, change: Change, goals: boolean): Row[] {
  const time = (way: "seed" | "dockerfile"): Row => ({
    what: `${what}, until it answers`,
    ours: seconds(median(change.ours.seconds)),
    against: `${seconds(median(change[way].seconds))} ${NAMES[way]}`,
    ratio: pairedRatio(change.ours.seconds, change[way].seconds),
    goal: goals ? GOALS[way] : undefined,
  });
  const sent = (against: number[], name: string, goal?: number): Row => ({
    what: `${what}, bytes sent`,
    ours: size(median(change.ours.bytes)),
    against: `${size(median(against))} ${name}`,
    ratio: pairedRatio(change.ours.bytes, against),
    goal,
    decimals: 3,
  });
  return [
    time("dockerfile"),
    time("seed"),
    sent(change.changedLayers, "changed layers", GOALS.bytes),
    sent(change.dockerfile.bytes, NAMES.dockerfile),
    sent(change.seed.bytes, NAMES.seed),
  ];
}

/** What clients notice of updates: all of them together, since one failure is one too many. */
function updateRows(service: string, { ours, compose }: LoadedUpdates, other = "compose up -d"): Row[] {
  type Of = (updates: LoadedUpdate[]) => number;
  const sum =
    (count: (update: LoadedUpdate) => number): Of =>
    (updates) =>
      updates.reduce((all, update) => all + count(update), 0);
  const row = (name: string, value: Of, text: (updates: LoadedUpdate[]) => string, goal?: number): Row => ({
    what: `${ours.length} updates of the ${service}, ${name}`,
    ours: text(ours),
    against: `${text(compose)} ${other}`,
    ratio: value(ours) === 0 ? 0 : value(ours) / value(compose),
    goal,
    decimals: 3,
  });
  const share = (name: string, part: Of, whole: Of, goal: number) =>
    row(name, part, (updates) => `${part(updates)} of ${whole(updates)}`, goal);
  const failed = sum((update) => update.failed);
  const requests = sum((update) => update.requests);
  const lost = sum(({ missing, repeated }) => missing.length + repeated.length);
  const acknowledged = sum((update) => update.acknowledged);
  const gap: Of = (updates) => Math.max(...updates.map(({ longestGapMs }) => longestGapMs));
  return [
    share("failed requests", failed, requests, GOALS.failed),
    row("longest gap", gap, (updates) => milliseconds(gap(updates) / 1000)),
    share("lost or doubled writes", lost, acknowledged, GOALS.lost),
  ];
}

/** What a service costs beyond the empty program: with more services, each must not cost more. */
function scalingRows(kind: string, scaling: Scaling): Row[] {
  const costs = scaling.map(({ services, ours, empty }) => {
    const beyond = ours.map((value, round) => value - (empty[round] as number));
    const each = median(beyond) / services;
    return { each, text: `${milliseconds(each)} (${services} services, up ${seconds(median(ours))})` };
  });
  return costs.slice(1).map((cost, index) => {
    const before = costs[index] as (typeof costs)[number];
    return {
      what: `${kind}, each service's part`,
      ours: cost.text,
      against: before.text,
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
