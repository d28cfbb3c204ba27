/** `npm test`: every check there is. Each part runs, whatever failed before it; the last line has the numbers. */

import { randomBytes } from "node:crypto";
import { executorPackages } from "../deployments/executor.ts";
import { command } from "../lib/cli/command.ts";
import { GO_FOLDER, goCommand } from "../lib/goTool.ts";
import { line, report } from "../lib/report.ts";
import { environment } from "../lib/stacks/stack.ts";
import { UserError } from "../lib/userError.ts";
import { isRoot } from "../setup/probe.ts";
import { setup } from "../setup/setup.ts";
import { actionlint } from "../test/checks/actionlint.ts";
import {
  type Count,
  check,
  FAILED,
  fastChecks,
  inWords,
  PASSED,
  SKIPPED,
  sum,
  vitestHere,
} from "../test/checks/checks.ts";
import { removeLeftovers } from "../test/checks/leftovers.ts";
import { takeTestEngine } from "../test/checks/testEngine.ts";
import { LANES, refuseUnknown, testFiles } from "../test/checks/testFiles.ts";
import { testPackages } from "../test/checks/testPackages.ts";
import { zizmor } from "../test/checks/zizmor.ts";
import { removeEngines } from "../test/support/engineRemoval.ts";

await command("test", async ({ words }) => {
  refuseUnknown(words);
  const counts = [await setUp(words)];
  const env = await environment();
  counts.push(await fastChecks());
  counts.push(await check("sample's tests", process.execPath, ["sample/build.ts", "--test"], env));
  counts.push(await actionlint());
  counts.push(await zizmor());
  counts.push(await toolchain());
  counts.push(await stacks(words, env));
  const count = sum(counts);
  process.stdout.write(`\n${inWords(count)}\n`);
  return count.failed > 0 ? 1 : 0;
});

/** @param names Of the tests that are to run. Default: all, which need what only root can install. */
async function setUp(names: string[]): Promise<Count> {
  const lacking = [...testPackages(), ...executorPackages()];
  const installs = isRoot() || names.length === 0;
  if (!installs && lacking.length > 0)
    line(
      "test packages",
      `not installed, as only root can: ${lacking.join(" ")}. A test that needs one fails.`,
    );
  try {
    // PostgreSQL 17 is what the database is upgraded to.
    await setup({ sample: true, packages: installs ? lacking : [], postgresql: 17 });
    const newer = process.env["AGATHA_TEST_ENGINE"];
    if (newer) await report("newer docker", () => takeTestEngine(newer));
    return PASSED;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stdout.write(`${error.message}\n`);
    return FAILED;
  }
}

/** The engine's own tests; where the engine was not built here, there may be no Go. */
async function toolchain(): Promise<Count> {
  if (goCommand() === undefined) {
    line("engine's tests", `SKIPPED: there is no Go on PATH or in ${GO_FOLDER}. Install Go to run them.`);
    return SKIPPED;
  }
  return check("engine's tests", "bash", ["offline/engine/test.sh"]);
}

/**
 * The tests that bring stacks up: those on this machine's docker daemon, and at the same time those on docker hosts of
 * their own. Either mostly waits: for a start, a probe, a timeout.
 *
 * @param parts Parts of the names of the files to run. Default: all.
 */
async function stacks(parts: string[], env: NodeJS.ProcessEnv): Promise<Count> {
  const lanes = LANES.map((lane) => ({ lane, files: testFiles(lane, parts) }));
  const run = randomBytes(3).toString("hex");
  const runs = lanes
    .filter(({ files }) => files.length > 0)
    .map(({ lane, files }) => vitestHere([lane], files, { ...env, AGATHA_TEST_RUN: run }));
  const count = sum(await Promise.all(runs));
  // A test that was killed could not tidy up itself.
  const leftovers = [...(await removeLeftovers(run, env)), ...(await removeEngines(run))];
  if (leftovers.length > 0) line("left behind", `and removed: ${leftovers.join(", ")}`);
  return count;
}
