/** The size of an image: what docker reports when it is brought in, and what the stack's state has of that. */
import { inspect } from "../docker/client.ts";
import { legacySize } from "../legacyOutputs.ts";
import { facts, type ImageFacts, type Streams } from "../stepFacts.ts";

/** Bytes that docker reports; 0 if it does not have the image. */
export const imageSize = async (ref: string): Promise<number> =>
  (await inspect<number>("image", ref, ".Size")) ?? 0;

/** @param outputs Both streams of the step that brought the image in; its standard output was a sentence once. */
export const imageFacts = (outputs: Streams): ImageFacts =>
  facts<ImageFacts>(outputs) ?? { sizeBytes: legacySize(String(outputs.stdout ?? "")) };
