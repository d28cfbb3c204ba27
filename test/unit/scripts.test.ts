import { describe, expect, it } from "vitest";
import { table } from "../../lib/table.ts";
import { atLeast, versionIn } from "../../lib/versions.ts";

describe("versions", () => {
  it.each([
    ["Docker version 28.2.2, build e", [20, 10], true],
    ["nix-build (Nix) 2.8.0", [2, 18], false],
    ["nix-build (Nix) 2.18", [2, 18, 0], true],
    ["v3.256.0", [3, 220, 0], true],
    ["none", [0], false],
  ])("of %j are compared part by part with %j", (text, wanted, expected) => {
    expect(atLeast(versionIn(text), wanted)).toBe(expected);
  });
});

it("a table has columns as wide as their widest cell", () => {
  expect(table(["a", "state"], [["long", "up"]])).toBe("a     state\nlong  up\n");
});
