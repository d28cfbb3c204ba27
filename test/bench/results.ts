/** What a run of the bench found, as it stands in its JSON: every measurement, in its round's order. */

import type { LoadResult } from "../support/load.ts";

/** What each way deploys, and how. */
export interface Deployment {
  readonly jar: string;
  readonly dist: string;
  readonly backUrl: string;
  readonly frontUrl: string;
  deploy: (service: "back" | "front") => Promise<void>;
}

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

/** Updates by each of two ways in turn. */
export interface LoadedUpdates {
  ours: LoadedUpdate[];
  /** By docker compose, of the same images; beside a swarm, by us on one host. */
  compose: LoadedUpdate[];
}

/** No-op updates of stacks with so many services. */
export type Scaling = (Paired & { services: number })[];

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
  scaling?: Scaling;
  /** The same of a stack on a swarm of one node; its updates beside those on one host. */
  swarm?: { noop: Paired; updates: { back: LoadedUpdates; front: LoadedUpdates } };
  swarmScaling?: Scaling;
}
