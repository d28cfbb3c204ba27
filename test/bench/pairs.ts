/** Two things in turn, A B A B: a machine that slows down meanwhile slows both. */
import type { Paired } from "./results.ts";

type Work = () => Promise<void>;

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
