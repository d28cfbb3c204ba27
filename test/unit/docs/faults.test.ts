/** docs/faults.md names tests that exist, and no table row goes without one. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

/** The cells of every row of the page's tables, without their heads. */
const rows = readFileSync("docs/faults.md", "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (fault|what) \|/.test(line))
  .map((line) => line.slice(2, -2).split(" | "));

/** Titles of the tests in a file, as they are written there: what follows `it(`, or `it.each(…)(`. */
const titles = (file: string): string[] =>
  [...readFileSync(file, "utf8").matchAll(/(?:\bit|\))\(\s*(["'`])((?:(?!\1).)*)\1,/g)].map(
    ([, , title = ""]) => title,
  );

describe("docs/faults.md", () => {
  it("has rows", () => {
    expect(rows.length).toBeGreaterThan(30);
  });

  it.each(rows.map((cells) => ({ fault: cells[0] ?? "", test: cells.at(-1) ?? "" })))(
    "names the test of: $fault",
    ({ test }) => {
      const [, file = "", title = ""] = /^([\w/]+\.test\.ts): (.+)$/.exec(test) ?? [];
      expect(titles(`test/${file}`)).toContain(title);
    },
  );
});
