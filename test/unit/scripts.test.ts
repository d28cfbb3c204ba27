import { describe, expect, it } from "vitest";
import { Stop } from "../../scripts/lib/exec.ts";
import { stackArguments } from "../../scripts/lib/stack.ts";
import { table } from "../../scripts/lib/table.ts";
import { atLeast, versionIn } from "../../scripts/lib/versions.ts";

describe("a command's arguments", () => {
  it("name the stack, and leave pulumi its own", () => {
    expect(stackArguments(["--stack", "prod", "--refresh", "--target=x"])).toEqual({
      stack: "prod",
      rest: ["--refresh", "--target=x"],
      flags: {},
    });
  });

  it("may hold the command's own flags", () => {
    expect(stackArguments(["--volumes", "-s", "a"], ["volumes"])).toEqual({
      stack: "a",
      rest: [],
      flags: { volumes: true },
    });
  });

  it.each(["../x", "a;b", "", "$(id)"])("refuse %j as a stack", (name) => {
    expect(() => stackArguments(["--stack", name])).toThrow(Stop);
  });
});

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
