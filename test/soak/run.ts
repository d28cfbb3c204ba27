/** Faults in random order, for `npm run test:soak`. */
import { randomBytes, randomInt } from "node:crypto";
import type { Given } from "../../lib/cli/command.ts";
import { line } from "../../lib/progress.ts";
import { environment } from "../../lib/stacks/stack.ts";
import { UserError } from "../../lib/userError.ts";
import { setup } from "../../setup/setup.ts";
import { type Count, vitestHere } from "../checks/checks.ts";
import { removeAllLeftovers } from "../checks/leftovers.ts";
import { testPackages } from "../checks/testPackages.ts";

/** Rounds that take some 30 minutes on two cores that do nothing else. */
const ROUNDS = 120;

/** @param words Parts of the names of files in test/soak. Default: all. @throws UserError for a wrong option. */
export async function soak({ words, options }: Given<"soak">): Promise<Count> {
  const rounds = whole("rounds", options.rounds, ROUNDS);
  const seed = whole("seed", options.seed, randomInt(2 ** 31 - 1));
  await setup({ sample: true, packages: testPackages() });
  line("soak", `${rounds} rounds; repeat them by \`npm run test:soak -- --rounds ${rounds} --seed ${seed}\``);
  const run = randomBytes(3).toString("hex");
  const env = { ...(await environment()), AGATHA_TEST_RUN: run };
  const count = await vitestHere("soak", ["soak"], words, {
    ...env,
    AGATHA_SOAK_ROUNDS: String(rounds),
    AGATHA_SOAK_SEED: String(seed),
  });
  await removeAllLeftovers(run, env);
  return count;
}

/** A whole number from 1 to 2^31-1. @throws UserError with a sentence for anything else. */
function whole(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number < 2 ** 31) return number;
  throw new UserError(
    `--${name}: ${JSON.stringify(text)} is not a whole number from 1 on. Write it like --${name} 20.`,
  );
}
