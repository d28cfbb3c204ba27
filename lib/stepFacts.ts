/**
 * What a step hands on to the program, to previews and to its own next run: one line of JSON. Pulumi shows one of a step's
 * streams as it runs (`logging`), which is for people. So the facts go into the other one, which only the state keeps.
 */
import { legacyHealth, legacySize } from "./legacyOutputs.ts";

/** Of the step that brings an image into docker. */
export interface ImageFacts {
  /** Size that docker reports. */
  sizeBytes: number;
  /** Its digest in the registry, if that was asked. */
  digest?: string;
}

/** Of the step that waits until a service is healthy. */
export interface HealthFacts {
  /** Time from the container's start until it was healthy. */
  startSeconds?: number;
  /** Time for which the service was away when its container was replaced. Left out if there was none before. */
  awaySeconds?: number;
}

/** Hands facts on, from a step whose standard output is shown. */
export const handOn = (facts: ImageFacts | HealthFacts): void =>
  void process.stderr.write(`${JSON.stringify(facts)}\n`);

/** Both streams of a step, as the state has them; empty if it never ran. */
interface Streams {
  stdout?: string | undefined;
  stderr?: string | undefined;
}

export const healthFacts = (outputs: Streams): HealthFacts =>
  facts<HealthFacts>(outputs) ?? legacyHealth(String(outputs.stdout ?? ""));

/** As `healthFacts`, of the step that brings an image into docker. */
export const imageFacts = (outputs: Streams): ImageFacts =>
  facts<ImageFacts>(outputs) ?? { sizeBytes: legacySize(String(outputs.stdout ?? "")) };

/** A program may have written a warning around the line. A state may hold what is no text, which does not count. */
function facts<T>({ stderr }: Streams): T | undefined {
  const line = String(stderr ?? "")
    .split("\n")
    .findLast((text) => text.startsWith("{"));
  try {
    return line === undefined ? undefined : (JSON.parse(line) as T);
  } catch {
    return undefined;
  }
}
