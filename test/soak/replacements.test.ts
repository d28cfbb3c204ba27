/** The database's container is repeatedly replaced and restarted under write load, always with a clean shutdown. */
import { afterAll, beforeAll, it } from "vitest";
import { replaceGracefully, restartGracefully } from "../support/database.ts";
import { EngineStack } from "../support/engineStack.ts";

/** Number of each. */
const TIMES = 20;

let own: EngineStack;

beforeAll(async () => {
  own = await EngineStack.make();
});
afterAll(() => own?.remove());

it(`${TIMES} replacements and ${TIMES} restarts lose no acknowledged write, and the log shows no recovery`, async () => {
  const writers = own.writers();
  try {
    await replaceGracefully(own.scratch, writers, TIMES);
    await restartGracefully(own.scratch, writers, TIMES);
  } finally {
    await writers.stop();
  }
});
