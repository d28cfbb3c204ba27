/** Checks of user-facing messages. */
import { expect } from "vitest";
import type { Scratch } from "./scratch.ts";

/** A failed operation's message has no stack trace and no secret. */
export function expectSentences(scratch: Scratch, output: string): void {
  expect(output).not.toMatch(/^\s+at .*[(:/].*\d+:\d+/m);
  expect(output).not.toMatch(/node:internal|Error: .*\n\s+at /);
  expect(output).not.toContain(scratch.password);
}
