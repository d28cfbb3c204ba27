/** What set-up prints: a line a step with its time, and a sign of life from the long ones. */

/** Milliseconds between two signs of life. */
const HEARTBEAT = 15_000;

const seconds = (start: number) => `${((performance.now() - start) / 1000).toFixed(1)} s`;

let stream: NodeJS.WriteStream = process.stdout;

/** From now on lines go to standard error, for a command whose standard output is its result. */
export const onStandardError = (): void => {
  stream = process.stderr;
};

export const line = (name: string, text: string): void => {
  stream.write(`${name.padEnd(17)}${text}\n`);
};

/** A step that runs now; `note` says what it is doing, for the next sign of life. */
export interface Step {
  note: (doing: string) => void;
}

/**
 * Runs a step and prints its line: what it found or did, and the time where it is worth telling.
 *
 * @param body Gives what the line says.
 */
export async function report(name: string, body: (step: Step) => Promise<string>): Promise<void> {
  const start = performance.now();
  let doing = "working";
  const timer = setInterval(() => line(name, `${doing} … ${seconds(start)}`), HEARTBEAT);
  try {
    const text = await body({ note: (what) => (doing = what) });
    line(name, `${text}, ${seconds(start)}`);
  } catch (error) {
    // Other steps may go on for minutes; why it failed is told when they have ended.
    line(name, `failed, ${seconds(start)}`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}
