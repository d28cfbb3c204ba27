import { expect, it } from "vitest";
import { isNameOf } from "../../scripts/lib/stacks.ts";

const hash = "0".repeat(32);

it.each([
  [`agatha-back-image:kept-pr-1-${hash}`, true],
  [`agatha-back-image:migrations-pr-1-${hash}`, true],
  [`agatha-back-image:kept-pr-1-x-${hash}`, false],
  [`agatha-back-image:kept-xpr-1-${hash}`, false],
  [`agatha-back-image:${hash}`, false],
  ["agatha-back-image:latest", false],
])("%s is stack pr-1's own name: %j", (ref, expected) => {
  expect(isNameOf("pr-1", ref)).toBe(expected);
});
