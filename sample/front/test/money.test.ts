import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAmount } from "../src/money.ts";

for (const [typed, cents] of Object.entries({
  "12": 1200,
  "12.5": 1250,
  "12,50": 1250,
  ".5": 50,
  "3.": 300,
  "0": 0,
  "1.15": 115,
  "1 234.50": 123450,
  "1\u202f234,50 €": 123450,
  "1,234.50": 123450,
  "1.234,50": 123450,
  "1,234,567.89": 123456789,
  "1000000000": 100_000_000_000,
})) {
  test(`reads "${typed}" as ${cents} cents`, () => assert.deepEqual(parseAmount(typed), { cents }));
}

for (const typed of ["", "  ", "-1", "abc", ".", "1.234", "1,234", "12.5.0", "1e3", "1000000000.01", "99999999999999999999"]) {
  test(`refuses "${typed}"`, () => assert.ok("problem" in parseAmount(typed)));
}
