import { describe, expect, it } from "vitest";
import { countReport, inWords, sum } from "../../checks/checks.ts";

const file = (...statuses: string[]) => ({
  status: statuses.includes("failed") || statuses.length === 0 ? "failed" : "passed",
  assertionResults: statuses.map((status) => ({ status })),
});
const report = (passed: number, failed: number, pending: number, testResults: ReturnType<typeof file>[]) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  numPendingTests: pending,
  numTodoTests: 0,
  testResults,
});

describe("vitest's numbers", () => {
  it("are its tests'", () => {
    const found = report(1, 1, 1, [file("passed", "failed", "pending")]);
    expect(countReport(found, 1)).toEqual({ passed: 1, failed: 1, skipped: 1 });
  });

  it("count a file that broke before its first test as a failure", () => {
    expect(countReport(report(1, 0, 0, [file("passed"), file()]), 1)).toMatchObject({ failed: 1 });
  });

  it("count whatever else made vitest fail, an unhandled rejection say, as a failure", () => {
    expect(countReport(report(1, 0, 0, [file("passed")]), 1)).toMatchObject({ failed: 1 });
  });
});

it("counts of several checks are one line", () => {
  const line = inWords(
    sum([{ passed: 1, failed: 0, skipped: 2 }, { passed: 3, failed: 1, skipped: 0 }, sum([])]),
  );
  expect(line).toBe("4 passed, 1 failed, 2 skipped");
});
