/** The size of an image, as `steps/build-image.ts` asked docker for it and left it in the stack's state. */
import { legacySize } from "../legacyOutputs.ts";
import { facts, type ImageFacts, type Streams } from "../stepFacts.ts";

/** @param outputs Both streams of that step; its standard output was a sentence once. */
export const imageFacts = (outputs: Streams): ImageFacts =>
  facts<ImageFacts>(outputs) ?? { sizeBytes: legacySize(String(outputs.stdout ?? "")) };
