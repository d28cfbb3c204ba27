/** Every check there is, for `npm test`. Each part runs, even if an earlier one failed. */
import { randomBytes } from "node:crypto";
import { executorPackages } from "../../deployments/executor.ts";
import { line, report } from "../../lib/progress.ts";
import { environment } from "../../lib/stacks/stack.ts";
import { UserError } from "../../lib/userError.ts";
import { isRoot } from "../../setup/probe.ts";
import { setup } from "../../setup/setup.ts";
import { type Count, check, FAILED, fastChecks, PASSED, sum, vitest, vitestHere } from "./checks.ts";
import { removeAllLeftovers } from "./leftovers.ts";
import { inPairs } from "./queue.ts";
import { takeTestEngine } from "./testEngine.ts";
import { refuseUnknown, subject, type TestFile, testFiles } from "./testFiles.ts";
import { testPackages } from "./testPackages.ts";
import { actionlint, engineTests, zizmor } from "./tools.ts";

/** Milliseconds between two signs of life of a test file. */
const HEARTBEAT = 60_000;

/** @param parts Parts of the names of the test files to run. Default: all. @throws UserError if no file has one of them. */
export async function everything(parts: string[]): Promise<Count> {
  refuseUnknown(parts);
  return sum([await setUp(parts), await fastChecks(), ...(await slowChecks(testFiles(parts)))]);
}

/** @param names Parts of the names of the tests to run; none for all, which need packages that only root can install. */
async function setUp(names: string[]): Promise<Count> {
  const missing = [...testPackages(), ...executorPackages()];
  const installs = isRoot() || names.length === 0;
  if (!installs && missing.length > 0)
    line(
      "test packages",
      `not installed, as only root can: ${missing.join(" ")}. A test that needs one fails.`,
    );
  try {
    // PostgreSQL 17 is what the database is upgraded to.
    await setup({ sample: true, packages: installs ? missing : [], postgresql: 17 });
    const newer = process.env["AGATHA_TEST_ENGINE"];
    if (newer) await report("newer docker", () => takeTestEngine(newer));
    return PASSED;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stdout.write(`${error.message}\n`);
    return FAILED;
  }
}

/** What takes long, two at a time: checks by other tools, and the tests that bring stacks up. */
async function slowChecks(files: TestFile[]): Promise<Count[]> {
  const run = randomBytes(3).toString("hex");
  const env = { ...(await environment()), AGATHA_TEST_RUN: run };
  const tools = [
    () => check("sample's tests", process.execPath, ["sample/build.ts", "--test"], env),
    actionlint,
    zizmor,
    engineTests,
  ];
  const test = ({ project, path }: TestFile) => {
    const name = `${project}/${subject(path)}`;
    return files.length === 1
      ? vitestHere(name, [project], [path], env)
      : vitest(name, [project], [path], env, HEARTBEAT);
  };
  try {
    return await inPairs([
      ...tools.map((tool) => ({ sharesDaemon: false, waits: false, run: tool })),
      ...files.map((file) => ({ ...file, run: () => test(file) })),
    ]);
  } finally {
    await removeAllLeftovers(run, env);
  }
}
