/** What set-up and the doctor know of a part of this machine. */
import semver from "semver";

export interface Probe {
  /** Whether the part is there and good enough. */
  ok: boolean;
  /** What was found: `Docker Engine 20.10.24`, or what is wrong: `is not installed`. */
  text: string;
  /** How to fix it; set-up does the same if it can. Only if not ok. */
  fix?: string;
}

/** A probe that found what it wanted. */
export const found = (text: string): Probe => ({ ok: true, text });

/** A probe that did not. */
export const lacking = (text: string, fix: string): Probe => ({ ok: false, text, fix });

/** Whether this process may install packages, add users and start daemons. */
export const isRoot = (): boolean => process.getuid?.() === 0;

/** Whether the version in what a program printed, `nix-build (Nix) 2.8.0`, is that one or newer. */
export const atLeast = (printed: string, version: string): boolean =>
  semver.gte(semver.coerce(printed) ?? "0.0.0", version);
