/** A variable of the back is no place for a secret; a secret property beside it is no reason to refuse it. */
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../lib/config/load.ts";
import { secretVariables } from "../../lib/config/read.ts";

/** The errors of a configuration; none where it loads. */
function errors(raw: Record<string, string>, secretKeys: string[], secretEnv?: string[]): string {
  const held = { ...raw, PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(secretKeys) };
  const surroundings = { stack: "dev", packages: "debian", password: "p", exists: () => true };
  try {
    loadConfig(held, { ...surroundings, ...(secretEnv === undefined ? {} : { secretEnv }) });
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

const whole = { "agatha:back": '{"env":{"TOKEN":"hush","MODE":"x"},"properties":{"mail":"hush"}}' };

describe("a secret variable", () => {
  it.each<[string, string]>([
    ["by a key of its own", errors({ "agatha:back.env.TOKEN": "hush" }, ["agatha:back.env.TOKEN"])],
    ["by the key of all", errors({ "agatha:back.env": '{"TOKEN":"hush"}' }, ["agatha:back.env"])],
    ["by a path, as the stack's file tells", errors(whole, ["agatha:back"], ["TOKEN"])],
  ])("is refused, without its value: %s", (_, told) => {
    expect(told).toBe(
      "agatha:back.env.TOKEN: the value (not shown) is a secret, which a container's environment does not keep. Give it by back.properties or back.files, or without --secret.",
    );
  });
});

it("a variable beside a secret property is taken", () => {
  expect(errors(whole, ["agatha:back"], [])).toBe("");
  expect(
    errors({ "agatha:back.env.MODE": "x", "agatha:back.properties.mail": "hush" }, [
      "agatha:back.properties.mail",
    ]),
  ).toBe("");
});

it("a stack's file tells which variables are secrets", () => {
  const text = `
config:
  agatha:back:
    env:
      MODE: x
      TOKEN:
        secure: v1:abc
    properties:
      mail:
        secure: v1:def
`;
  expect(secretVariables(text)).toEqual(["TOKEN"]);
  for (const none of [undefined, "", "config:\n  agatha:back:\n    secure: v1:abc\n"])
    expect(secretVariables(none)).toEqual([]);
});
