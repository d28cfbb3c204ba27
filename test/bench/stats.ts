/** What is made of repeated measurements. */

export function median(values: number[]): number {
  if (values.length === 0) throw new Error("median of nothing");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/**
 * The median of the pairs' ratios: each pair was measured in one round, so that a machine that slows down in the middle
 * slows both.
 */
export function pairedRatio(ours: number[], theirs: number[]): number {
  if (ours.length !== theirs.length) throw new Error(`${ours.length} and ${theirs.length} are no pairs`);
  return median(ours.map((value, round) => value / (theirs[round] as number)));
}
