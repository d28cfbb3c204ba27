/** Measures two things in turn, A B A B: a machine that slows down meanwhile slows both. */
import type { Paired } from "./results.ts";

export type Work = () => Promise<void>;

export async function measurePairs(pairs: number, ours: Work, empty: Work): Promise<Paired> {
  const paired: Paired = { ours: [], empty: [] };
  // Once without the clock: caches are warm for both then.
  await ours();
  await empty();
  for (let pair = 0; pair < pairs; pair++) {
    paired.ours.push(await seconds(ours));
    paired.empty.push(await seconds(empty));
  }
  return paired;
}

async function seconds(work: Work): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

export function median(values: number[]): number {
  if (values.length === 0) throw new Error("median of nothing");
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2;
}

/** The median of the pairs' ratios. */
export function pairedRatio(ours: number[], theirs: number[]): number {
  if (ours.length !== theirs.length) throw new Error(`${ours.length} and ${theirs.length} are no pairs`);
  return median(ours.map((value, round) => value / (theirs[round] as number)));
}
