/** Runs checks and counts what they found: a line each with its time, and all that a failed one said. */

import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run, runHere, tail } from "../../lib/process.ts";
import { line } from "../../lib/report.ts";

export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

export const PASSED: Count = { passed: 1, failed: 0, skipped: 0 };
export const FAILED: Count = { passed: 0, failed: 1, skipped: 0 };
export const SKIPPED: Count = { passed: 0, failed: 0, skipped: 1 };

/** Milliseconds between two signs of life. */
const HEARTBEAT = 15_000;

/** Where vitest writes what it counted; git does not see it. */
const REPORTS = ".state/test";

export const sum = (counts: Count[]): Count =>
  counts.reduce(
    (a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }),
    { passed: 0, failed: 0, skipped: 0 },
  );

/** `3 passed, 0 failed, 1 skipped` */
export const inWords = ({ passed, failed, skipped }: Count): string =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;

/** Everything that needs no docker, no Nix and no engine. */
export async function fastChecks(): Promise<Count> {
  // Side by side: each alone leaves a core idle for half of its time.
  return sum(
    await Promise.all([
      check("format, lint", "node_modules/.bin/biome", ["ci", "--colors=off"]),
      check("types", process.execPath, ["node_modules/typescript/bin/tsc", "--noEmit"]),
      vitest(["unit", "component"]),
    ]),
  );
}

/** A program whose exit code says whether the check passed; its output is shown where it did not. */
export function check(
  name: string,
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Count> {
  return timed(name, async () => {
    const { code, output } = await run(program, args, { env });
    if (code === 0) return { count: PASSED, text: "ok" };
    return { count: FAILED, text: `FAILED with ${code}`, said: tail(output, 100) };
  });
}

/** Vitest's projects, quietly: the numbers are its own, its output is shown where one failed. */
export function vitest(projects: string[], env: NodeJS.ProcessEnv = process.env): Promise<Count> {
  return timed(projects.join(", "), async () => {
    const [args, report] = vitestArguments(projects, []);
    const { code, output } = await run(process.execPath, args, { env });
    const count = vitestCount(report, code ?? 1);
    return count.failed > 0
      ? { count, text: `FAILED: ${inWords(count)}`, said: tail(output, 200) }
      : { count, text: inWords(count) };
  });
}

/**
 * Vitest's projects in this terminal, for what takes long.
 *
 * @param files Parts of the names of the files to run.
 * @param reporter `default` tells of a file when it ends, `verbose` of each test.
 */
export async function vitestHere(
  projects: string[],
  files: string[],
  env: NodeJS.ProcessEnv,
  reporter: "default" | "verbose" = "default",
): Promise<Count> {
  const [args, report] = vitestArguments(projects, files, reporter);
  // Vitest colours what goes into a file, too.
  const colours = process.stdout.isTTY ? {} : { NO_COLOR: "1" };
  return vitestCount(report, await runHere(process.execPath, args, { env: { ...env, ...colours } }));
}

function vitestArguments(
  projects: string[],
  files: string[],
  reporter = "default",
): [args: string[], report: string] {
  mkdirSync(REPORTS, { recursive: true });
  const report = join(REPORTS, `${projects.join("-")}.json`);
  rmSync(report, { force: true });
  const args = [
    ...["node_modules/vitest/vitest.mjs", "run", `--reporter=${reporter}`, "--reporter=json"],
    ...[`--outputFile.json=${report}`, ...projects.map((project) => `--project=${project}`), ...files],
  ];
  return [args, report];
}

/** The part of vitest's JSON report that is counted. */
interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { status: string; assertionResults: { status: string }[] }[];
}

function vitestCount(report: string, code: number): Count {
  try {
    return countReport(JSON.parse(readFileSync(report, "utf8")) as Report, code);
  } catch {
    // It ended before it could count: that is a failure, whatever its exit code.
    return FAILED;
  }
}

/** Counts tests, and each file that failed as a whole; whatever else made vitest fail counts as one failure. */
export function countReport(report: Report, code: number): Count {
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((assertion) => assertion.status === "failed"),
  );
  const failed = report.numFailedTests + broken.length;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

interface Result {
  count: Count;
  text: string;
  /** What a failed check said. */
  said?: string;
}

async function timed(name: string, body: () => Promise<Result>): Promise<Count> {
  const start = performance.now();
  const time = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  const alive = setInterval(() => line(name, `still running, ${time()}`), HEARTBEAT);
  const { count, text, said } = await body().finally(() => clearInterval(alive));
  line(name, `${text}, ${time()}`);
  if (said !== undefined) process.stdout.write(`${said}\n\n`);
  return count;
}
