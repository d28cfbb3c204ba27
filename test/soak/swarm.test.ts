/** The back and the front are deployed again and again on a swarm under load, and nobody notices. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { CHANGES } from "../support/jar.ts";
import { changes } from "../support/scratch.ts";
import { SwarmStack } from "../support/swarmStack.ts";
import { expectUnnoticed } from "../support/unnoticed.ts";

/** Number of updates of each; fewer in a short run. */
const TIMES = Math.min(10, Number(process.env["AGATHA_SOAK_ROUNDS"]));

let own: SwarmStack;

beforeAll(async () => {
  own = await SwarmStack.make(3, (scratch) => {
    scratch.back({ replicas: 2 });
    scratch.front({ replicas: 2 });
  });
});
afterAll(() => own?.remove());

it.each(CHANGES)(
  `${TIMES} updates of the %s on a swarm fail no request and lose no acknowledged write`,
  async (service, change) => {
    const load = await own.load();
    for (let update = 1; update <= TIMES; update++) {
      await change(own.scratch, `soak-${update}`);
      const { operations } = await own.scratch.upWell();
      expect(changes(operations)).toMatchObject({ [`${service}-container`]: "update" });
    }
    expectUnnoticed(await load.stop());
  },
);

it("back and front go from one task to five and to two, and nobody notices", async () => {
  const load = await own.load();
  for (const replicas of [1, 5, 2]) {
    own.scratch.back({ replicas });
    own.scratch.front({ replicas });
    await own.scratch.upWell();
  }
  expectUnnoticed(await load.stop());
});
