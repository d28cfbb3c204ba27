/** The bench's arguments: what to measure, and how often. */
import type { Given } from "../../lib/cli/command.ts";
import { UserError } from "../../lib/userError.ts";

export const PARTS = [
  "noop",
  "sdk",
  "plain",
  "preview",
  "jar",
  "dist",
  "updates",
  "scaling",
  "swarm",
] as const;
export type Part = (typeof PARTS)[number];

export interface BenchArguments {
  parts: Part[];
  /** Rounds of what takes seconds: changes. */
  rounds: number;
  /** Pairs of what changes nothing. */
  pairs: number;
  /** Updates of each service under load. */
  updates: number;
}

/** @throws UserError for a wrong value. */
export function benchArguments({ only, rounds, pairs, updates }: Given<"bench">["options"]): BenchArguments {
  const parts = (only ?? PARTS.join()).split(",");
  for (const part of parts)
    if (!PARTS.includes(part as Part))
      throw new UserError(`--only: "${part}" is nothing that is measured. Use ${PARTS.join(", ")}.`);
  return {
    parts: parts as Part[],
    rounds: count("rounds", rounds, 5),
    pairs: count("pairs", pairs, 11),
    updates: count("updates", updates, 20),
  };
}

function count(name: string, value: string | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (!/^[1-9]\d{0,2}$/.test(value))
    throw new UserError(
      `--${name}: "${value}" is no number of repetitions. Use a whole number from 1 to 999.`,
    );
  return Number(value);
}
