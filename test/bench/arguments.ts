/** The bench's arguments: what to measure, and how often. */
import type { Given } from "../../lib/cli/command.ts";
import { UserError } from "../../lib/userError.ts";
import { wholeNumber } from "../support/wholeNumber.ts";

export const PARTS = "noop sdk plain preview jar dist updates scaling swarm".split(" ");

/** Longest series of measurements. */
const MOST = 999;

export interface BenchArguments {
  /** Some of PARTS. */
  parts: string[];
  /** Rounds of what takes seconds: changes. */
  rounds: number;
  /** Pairs of what changes nothing. */
  pairs: number;
  /** Updates of each service under load. */
  updates: number;
}

/** @throws UserError for a wrong value. */
export function benchArguments({ only, rounds, pairs, updates }: Given<"bench">["options"]): BenchArguments {
  const parts = only?.split(",") ?? PARTS;
  for (const part of parts)
    if (!PARTS.includes(part))
      throw new UserError(`--only: "${part}" is nothing that is measured. Use ${PARTS.join(", ")}.`);
  return {
    parts,
    rounds: wholeNumber("rounds", rounds, 5, MOST),
    pairs: wholeNumber("pairs", pairs, 11, MOST),
    updates: wholeNumber("updates", updates, 20, MOST),
  };
}
