/** What set-up prints: a line a step with its time, and a sign of life from long steps. */
import { secondsSince } from "./units.ts";

/** Milliseconds between two signs of life. */
const HEARTBEAT = 15_000;

let stream: NodeJS.WriteStream = process.stdout;

/** Prints lines to standard error from now on, for a command whose standard output is its result. */
export const onStandardError = (): void => {
  stream = process.stderr;
};

export const line = (name: string, text: string): void => {
  stream.write(`${name.padEnd(16)} ${text}\n`);
};

/** A running step; `note` says what it is doing, for the next sign of life. */
export interface Step {
  note: (doing: string) => void;
}

/** Runs a step and prints its line: what it found or did, and its time. @param body Returns what the line says. */
export async function report(name: string, body: (step: Step) => Promise<string>): Promise<void> {
  const start = performance.now();
  let doing = "working";
  const timer = setInterval(() => line(name, `${doing} … ${secondsSince(start)}`), HEARTBEAT);
  try {
    const text = await body({ note: (what) => (doing = what) });
    line(name, `${text}, ${secondsSince(start)}`);
  } catch (error) {
    // Other steps may go on for minutes; the error itself is shown when they have ended.
    line(name, `failed, ${secondsSince(start)}`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}
