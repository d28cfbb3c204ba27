/**
 * `npm run test:soak`: faults in random order for half an hour; the last line has the numbers.
 * `-- --rounds N` says how many, `-- --seed N` repeats a run.
 */

import { randomBytes, randomInt } from "node:crypto";
import { command } from "../lib/cli/command.ts";
import { line } from "../lib/report.ts";
import { environment } from "../lib/stacks/stack.ts";
import { UserError } from "../lib/userError.ts";
import { setup } from "../setup/setup.ts";
import { inWords, vitestHere } from "../test/checks/checks.ts";
import { removeLeftovers } from "../test/checks/leftovers.ts";
import { testPackages } from "../test/checks/testPackages.ts";
import { removeEngines } from "../test/support/engineRemoval.ts";

/** Rounds that take some 30 minutes on two cores that do nothing else. */
const ROUNDS = 120;

await command("soak", async ({ words, options }) => {
  const rounds = whole("rounds", options.rounds, ROUNDS);
  const seed = whole("seed", options.seed, randomInt(2 ** 31 - 1));
  await setup({ sample: true, packages: testPackages() });
  line("soak", `${rounds} rounds; repeat them by \`npm run test:soak -- --rounds ${rounds} --seed ${seed}\``);
  const run = randomBytes(3).toString("hex");
  const env = await environment();
  const soak = { AGATHA_TEST_RUN: run, AGATHA_SOAK_ROUNDS: String(rounds), AGATHA_SOAK_SEED: String(seed) };
  const count = await vitestHere(["soak"], words, { ...env, ...soak }, "verbose");
  // A test that was killed could not tidy up itself.
  const leftovers = [...(await removeLeftovers(run, env)), ...(await removeEngines(run))];
  if (leftovers.length > 0) line("left behind", `and removed: ${leftovers.join(", ")}`);
  process.stdout.write(`\n${inWords(count)}\n`);
  return count.failed > 0 ? 1 : 0;
});

/** A whole number from 1 to 2^31-1. @throws UserError with a sentence for anything else. */
function whole(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number < 2 ** 31) return number;
  throw new UserError(
    `--${name}: ${JSON.stringify(text)} is not a whole number from 1 on. Write it like --${name} 20.`,
  );
}
