/** A variable of the back is no place for a secret; a secret property beside it is no reason to refuse it. */
import { expect, it } from "vitest";
import { loadConfig } from "../../../lib/config/load.ts";
import { secretsOf } from "../../../lib/config/stackFileTexts.ts";

/** The errors of a configuration; none if it loads. */
function errors(raw: Record<string, string>, file: string): string {
  const held = { ...raw, PULUMI_CONFIG_SECRET_KEYS: '["agatha:back"]' };
  const surroundings = { stack: "dev", packages: "debian", password: "p", exists: () => true };
  try {
    loadConfig(held, { ...surroundings, file });
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

const FILE = `
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

const whole = { "agatha:back": '{"env":{"TOKEN":"hush","MODE":"x"},"properties":{"mail":"hush"}}' };

it("a secret variable is refused, without its value", () => {
  expect(errors(whole, FILE)).toBe(
    "agatha:back.env.TOKEN: the value (not shown) is a secret, which a container's environment does not keep. Give it by back.properties or back.files, or without --secret.",
  );
});

it("a variable beside a secret property is taken", () => {
  expect(errors(whole, FILE.replace("TOKEN", "OTHER"))).toBe("");
});

it("a stack's file tells which variables are secrets", () => {
  expect(secretsOf(FILE).variables).toEqual(["TOKEN"]);
  for (const none of [
    "",
    "config:\n",
    "config:\n  agatha:back:\n    secure: v1:abc\n",
    "[x]",
    "config: { agatha:back: 1 }",
  ])
    expect(secretsOf(none).variables).toEqual([]);
});

it.each([
  ["a variable", "{ A: &e { secure: v1:abc } }", "{ B: *e, MODE: x }"],
  ["all variables", "&e { B: { secure: v1:abc } }", "*e"],
  ["merged variables", "&e { B: { secure: v1:abc } }", "{ MODE: x, <<: *e }"],
])("a secret that an alias brings is found: %s", (_, properties, env) => {
  const file = `config: { "agatha:back": { properties: ${properties}, env: ${env} } }`;
  expect(secretsOf(file).variables).toEqual(["B"]);
});
