/** What set-up and the doctor know of a part of this machine. */

export interface Probe {
  /** Whether the part is there and good enough. */
  ok: boolean;
  /** What was found: `Docker Engine 20.10.24`, or what is wrong: `is not installed`. */
  text: string;
  /** What a person does about it; set-up does the same where it can. Only where not ok. */
  fix?: string;
}

/** A probe that found what it wanted. */
export const found = (text: string): Probe => ({ ok: true, text });

/** A probe that did not. */
export const lacking = (text: string, fix: string): Probe => ({ ok: false, text, fix });

/** Whether this process may install packages, add users and start daemons. */
export const isRoot = (): boolean => process.getuid?.() === 0;
