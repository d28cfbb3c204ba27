/** What a run of the bench found, as it stands in its JSON: every measurement, in its round's order. */

import type { LoadResult } from "../support/load.ts";

/** Seconds of two things that were measured in turn. */
export interface Paired {
  ours: number[];
  empty: number[];
}

/** One way to deploy a change, round by round. */
export interface Way {
  /** From the command's start until the new version answers. */
  seconds: number[];
  /** What went to the docker daemon as image or build context. */
  bytes: number[];
}

export const WAYS = ["ours", "seed", "dockerfile"] as const;
export type WayName = (typeof WAYS)[number];

export interface Change extends Record<WayName, Way> {
  /** Bytes of the layers of our image that the change made new, by round. */
  changedLayers: number[];
}

/** What the clients of a steady load noticed of one update. */
export interface LoadedUpdate extends Omit<LoadResult, "acknowledged"> {
  /** Number of acknowledged writes. */
  acknowledged: number;
}

/** Updates by each way in turn, of the same images. */
export interface LoadedUpdates {
  ours: LoadedUpdate[];
  compose: LoadedUpdate[];
}

export interface Results {
  date: string;
  machine: Record<string, string | number>;
  noop?: Paired;
  /** As `noop`, against a program that does nothing but import the SDK, as `pulumi new` writes it. */
  sdk?: Paired;
  /** As `noop`, against a program with the same containers and nothing else of ours. */
  plain?: Paired;
  preview?: Paired;
  jar?: Change;
  dist?: Change;
  updates?: { back?: LoadedUpdates; front?: LoadedUpdates };
  /** No-op updates of stacks with so many services. */
  scaling?: (Paired & { services: number })[];
}
