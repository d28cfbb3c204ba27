/** A variable of the back is no place for a secret; a secret property beside it is no reason to refuse it. */
import { expect, it } from "vitest";
import { secretsOf } from "../../../lib/config/stackFileTexts.ts";
import { errors } from "../../support/configuration.ts";

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

const whole = { back: { env: { TOKEN: "hush", MODE: "x" }, properties: { mail: "hush" } } };
const secrets = ["back"];

it("a secret variable is refused, without its value", () => {
  expect(errors(whole, { secrets, file: FILE })).toEqual([
    "agatha:back.env.TOKEN: the value (not shown) is a secret, which a container's environment does not keep. Give it by back.properties or back.files, or without --secret.",
  ]);
});

it("a variable beside a secret property is taken", () => {
  expect(errors(whole, { secrets, file: FILE.replace("TOKEN", "OTHER") })).toEqual([]);
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
