import { describe, expect, it } from "vitest";
import { duration, seconds, toMilliseconds } from "../../../lib/duration.ts";

describe("a duration", () => {
  it.each([
    ["5s", "5s"],
    ["60s", "1m0s"],
    ["90s", "1m30s"],
    ["1m30s", "1m30s"],
    ["500ms", "500ms"],
    ["1500ms", "1.5s"],
    ["1h", "1h0m0s"],
    ["3661s", "1h1m1s"],
  ])("%s is written as docker writes it, %s", (given, canonical) => {
    expect(duration(given)).toBe(canonical);
  });

  it.each(["", "5", "s", "-5s", "5 s", "1d", "0s", "25h", "99999999999999999s", "5s; rm -rf /"])(
    "%j is refused",
    (given) => {
      expect(duration(given)).toBeUndefined();
    },
  );

  it("counts in milliseconds", () => {
    expect(toMilliseconds("1m30s")).toBe(90_000);
    // What is written is read again.
    expect(toMilliseconds(duration("1500ms") ?? "")).toBe(1500);
  });

  it("counts in whole seconds, rounded up", () => {
    expect([seconds("1m0s"), seconds("1.5s"), seconds("500ms")]).toEqual([60, 2, 1]);
  });
});
