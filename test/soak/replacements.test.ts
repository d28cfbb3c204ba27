/** The database's container is replaced and restarted again and again under write load: always gracefully. */
import { afterAll, beforeAll, it } from "vitest";
import { Engine } from "../support/engine.ts";
import { replaceGracefully, restartGracefully } from "../support/graceful.ts";
import { Scratch } from "../support/scratch.ts";
import { Writers } from "../support/writers.ts";

/** How often each. */
const TIMES = 20;

let engine: Engine;
let scratch: Scratch;

beforeAll(async () => {
  engine = await Engine.make();
  process.env["DOCKER_HOST"] = engine.host;
  scratch = await Scratch.make();
  scratch.back({ publish: { address: "0.0.0.0", port: scratch.backPort } });
  await scratch.upWell();
});
afterAll(async () => {
  try {
    await scratch?.remove();
  } finally {
    await engine?.remove();
    delete process.env["DOCKER_HOST"];
  }
});

it(`${TIMES} replacements and ${TIMES} restarts lose no acknowledged write, and the log shows no recovery`, async () => {
  const writers = new Writers(() => `http://${engine.address}:${scratch.backPort}`);
  try {
    await replaceGracefully(scratch, writers, TIMES);
    await restartGracefully(scratch, writers, TIMES);
  } finally {
    await writers.stop();
  }
});
