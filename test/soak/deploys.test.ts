/** The back and the front are deployed again and again under load, and nobody notices. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { EngineStack } from "../support/engineStack.ts";
import { CHANGES } from "../support/jar.ts";
import { expectSettled } from "../support/servicesNow.ts";
import { expectUnnoticed } from "../support/unnoticed.ts";

/** Number of updates of each; fewer in a short run. */
const TIMES = Math.min(20, Number(process.env["AGATHA_SOAK_ROUNDS"]));

let own: EngineStack;

beforeAll(async () => {
  own = await EngineStack.make();
});
afterAll(() => own?.remove());

it.each(CHANGES)(
  `${TIMES} updates of the %s fail no request and lose no acknowledged write`,
  async (service, change) => {
    const load = await own.load();
    for (let update = 1; update <= TIMES; update++) {
      const before = await expectSettled(own.scratch);
      await change(own.scratch, `soak-${update}`);
      await own.scratch.upWell();
      const after = await expectSettled(own.scratch);
      expect(Object.keys(after).filter((one) => after[one] !== before[one])).toEqual([service]);
    }
    expectUnnoticed(await load.stop());
  },
);
