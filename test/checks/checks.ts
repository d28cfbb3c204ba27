/** Runs checks and counts what they found: a line each with its time, and the output of those that failed. */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run, runHere, tail } from "../../lib/process.ts";
import { line } from "../../lib/progress.ts";

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

/** Folder of vitest's reports; git does not see it. */
const REPORTS = ".state/test";

export function sum(counts: Count[]): Count {
  const all = (of: keyof Count) => counts.reduce((total, count) => total + count[of], 0);
  return { passed: all("passed"), failed: all("failed"), skipped: all("skipped") };
}

/** `3 passed, 0 failed, 1 skipped` */
export const inWords = ({ passed, failed, skipped }: Count): string =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;

/** Prints the numbers, as CI looks for them in the last line. @returns The exit code that they mean. */
export function ended(count: Count): number {
  process.stdout.write(`\n${inWords(count)}\n`);
  return count.failed > 0 ? 1 : 0;
}

/** Everything that needs no docker, no Nix and no engine. */
export async function fastChecks(): Promise<Count> {
  // In parallel: each alone leaves a core idle for half of its time.
  return sum(
    await Promise.all([
      check("format, lint", "node_modules/.bin/biome", ["ci", "--colors=off"]),
      check("types", process.execPath, ["node_modules/typescript/bin/tsc", "--noEmit"]),
      check("imports", "node_modules/.bin/depcruise", ["--config", "test/checks/imports.mjs", "."]),
      vitest("unit, component", ["unit", "component"]),
    ]),
  );
}

/** A program whose exit code says whether the check passed; its output is shown if it did not. */
export function check(name: string, program: string, args: string[], env = process.env): Promise<Count> {
  return timed(name, async () => {
    const { code, output } = await run(program, args, { env });
    if (code === 0) return { count: PASSED, text: "ok" };
    return { count: FAILED, text: `FAILED with ${code}`, output: tail(output, 100) };
  });
}

/**
 * Vitest's projects, quietly: the numbers are its own, its output is shown if a test failed.
 *
 * @param files Parts of the names of the files to run. Default: all.
 * @param heartbeat Milliseconds between two signs of life.
 */
export function vitest(
  name: string,
  projects: string[],
  files: string[] = [],
  env: NodeJS.ProcessEnv = process.env,
  heartbeat = HEARTBEAT,
): Promise<Count> {
  const body = async () => {
    const [args, report] = vitestArguments(name, projects, files);
    const { code, output } = await run(process.execPath, args, { env });
    const count = vitestCount(report, code ?? 1);
    if (count.failed === 0) return { count, text: inWords(count) };
    return { count, text: `FAILED: ${inWords(count)}`, output: tail(output, 200) };
  };
  return timed(name, body, heartbeat);
}

/** Vitest's projects in this terminal, with a line for each test. */
export async function vitestHere(
  name: string,
  projects: string[],
  files: string[],
  env: NodeJS.ProcessEnv,
): Promise<Count> {
  const [args, report] = vitestArguments(name, projects, files, "verbose");
  // Vitest colours what goes into a file, too.
  const colours = process.stdout.isTTY ? {} : { NO_COLOR: "1" };
  return vitestCount(report, await runHere(process.execPath, args, { env: { ...env, ...colours } }));
}

function vitestArguments(
  name: string,
  projects: string[],
  files: string[],
  reporter: "default" | "verbose" = "default",
): [args: string[], report: string] {
  mkdirSync(REPORTS, { recursive: true });
  const report = join(REPORTS, `${name.replaceAll(/[^\w.]+/g, "-")}.json`);
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
    // It ended before it could count: a failure, whatever its exit code.
    return FAILED;
  }
}

/** Counts tests, and each file that failed as a whole. Anything else that made vitest fail counts as one failure. */
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
  /** What a failed check printed. */
  output?: string;
}

async function timed(name: string, body: () => Promise<Result>, heartbeat = HEARTBEAT): Promise<Count> {
  const start = performance.now();
  const time = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  const alive = setInterval(() => line(name, `still running, ${time()}`), heartbeat);
  const { count, text, output } = await body().finally(() => clearInterval(alive));
  line(name, `${text}, ${time()}`);
  if (output !== undefined) process.stdout.write(`${output}\n\n`);
  return count;
}
