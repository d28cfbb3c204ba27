/** Faults in random order, for `npm run test:soak`. */
import { randomBytes, randomInt } from "node:crypto";
import type { Given } from "../../lib/cli/command.ts";
import { line } from "../../lib/progress.ts";
import { environment } from "../../lib/stacks/stack.ts";
import { setup } from "../../setup/setup.ts";
import { type Count, vitestHere } from "../checks/checks.ts";
import { removeAllLeftovers } from "../checks/leftovers.ts";
import { testPackages } from "../checks/testPackages.ts";
import { wholeNumber } from "../support/wholeNumber.ts";

/** Rounds that take some 30 minutes on two cores that do nothing else. */
const ROUNDS = 120;
const MOST = 2 ** 31 - 1;

/** @param words Parts of the names of files in test/soak. Default: all. @throws UserError for a wrong option. */
export async function soak({ words, options }: Given<"soak">): Promise<Count> {
  const rounds = wholeNumber("rounds", options.rounds, ROUNDS, MOST);
  const seed = wholeNumber("seed", options.seed, randomInt(1, MOST), MOST);
  await setup({ sample: true, packages: testPackages() });
  line("soak", `${rounds} rounds; repeat them by \`npm run test:soak -- --rounds ${rounds} --seed ${seed}\``);
  const run = randomBytes(3).toString("hex");
  const soaking = { AGATHA_SOAK_ROUNDS: String(rounds), AGATHA_SOAK_SEED: String(seed) };
  const env = { ...(await environment()), AGATHA_TEST_RUN: run, ...soaking };
  const count = await vitestHere("soak", ["soak"], words, env);
  await removeAllLeftovers(run, env);
  return count;
}
