/** What a test expects of a load that a deploy must not disturb. */
import { expect } from "vitest";
import type { LoadResult } from "./load.ts";

/** Nothing failed, and what was acknowledged is there, once. Prints the longest gap and answer. */
export function expectUnnoticed({ failures, missing, repeated, ...numbers }: LoadResult): void {
  expect({ failures, missing, repeated }).toEqual({ failures: [], missing: [], repeated: [] });
  const { requests, longestGapMs, latencyMs } = numbers;
  expect(requests).toBeGreaterThan(0);
  const [gap, answer] = [longestGapMs, latencyMs.longest].map(Math.round);
  console.info(`${requests} requests, none failed; longest gap ${gap} ms, longest answer ${answer} ms`);
}
