/** Values for property-based tests: what people, scripts and attackers may put into a configuration. */
import fc from "fast-check";
import { z } from "zod";
import { schema } from "../../lib/config/schema.ts";

/** Stands for a secret: no output may contain it. */
export const SECRET = "s3cr3t-m4rk3r";

/** Texts that a shell, SQL, Nix, a terminal or a parser would take for something else. */
export const HOSTILE = [
  "$(touch x)",
  "`touch x`",
  "; touch x #",
  "| touch x",
  "&& touch x",
  // Not at the start: Pulumi loses a line break there when it reads a stack file.
  "a\n touch x",
  "'; DROP TABLE budget; --",
  '"; builtins.abort "x',
  "${databasePassword}x",
  "''${x}",
  "a'b\"c\\d",
  "-rf",
  "--help",
  "../../etc/passwd",
  "~root",
  "*",
  "a b\tc",
  "%s%n%x",
  "\u001b[31mred\u001b[0m",
  "\u202eevil",
  "naïve 日本語 😀",
  "e\u0301",
  "\ufeffbom",
  " leading and trailing ",
  "key=value",
  "C:\\path",
  "#comment",
  "!x",
];

/** Any text: hostile ones, combinations of their pieces, all kinds of Unicode; never half a character. */
export const hostile: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.array(fc.constantFrom(...HOSTILE), { minLength: 2, maxLength: 4 }).map((parts) => parts.join("")),
);

const number = fc.oneof(
  fc.integer({ min: -2, max: 70_000 }),
  fc.double(),
  fc.constantFrom(0, 1, 65_535, 65_536, 1e308, -1e308, Number.MAX_SAFE_INTEGER + 1),
);

/** Texts that are almost valid for some key. */
const almost = fc.constantFrom(
  ..."8000 0x1F90 1e3 ٨ 127.0.0.1 ::1 0.0.0.0 localhost 5s 5 1m30s 99999999h /health / // /a/../b".split(" "),
  ...`SIGTERM SIGFOO sigterm true null { [ " unix:///x ssh://-oProxyCommand=x tcp:// sha256:0`.split(" "),
  ...["", " 8000", "8000 ", "java.sql", "postgres", "x".repeat(5000)],
);

interface Described {
  properties?: Record<string, Described>;
  anyOf?: Described[];
  additionalProperties?: Described | false;
}

/** The names of all keys, at any depth. */
const keysOf = ({ properties = {}, anyOf = [], additionalProperties }: Described): string[] => [
  ...Object.keys(properties),
  ...[
    ...Object.values(properties),
    ...anyOf,
    ...(additionalProperties ? [additionalProperties] : []),
  ].flatMap(keysOf),
];

const described = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Described;
const TOP = Object.keys(described.properties ?? {});
/** Keys that have others below them. */
export const GROUPS = TOP.filter((key) => described.properties?.[key]?.properties !== undefined);
/** Names of all keys below those. */
export const LEAVES = [...new Set(Object.values(described.properties ?? {}).flatMap(keysOf))];

const name = fc.constantFrom(...TOP, ...LEAVES, "__proto__", "constructor", "toString", "length", "0", "");

/** Any JSON value of a few levels, with names that every object inherits. */
const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    hostile,
    almost,
    number,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.oneof(name, hostile), tie("value"), { maxKeys: 4 }),
  ),
})).value;

/** A key as Pulumi has it: known, dotted, mistyped, or anything. */
const key = fc.oneof(
  fc.constantFrom(...TOP),
  fc.tuple(fc.constantFrom(...GROUPS), fc.constantFrom(...LEAVES)).map((parts) => parts.join(".")),
  fc.array(name, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(".")),
  hostile,
);

/** A configuration as Pulumi passes it: texts by key, mostly known keys with an error in them. */
export const rawConfig: fc.Arbitrary<Record<string, string>> = fc
  .dictionary(
    key.map((own) => `agatha:${own}`),
    value.map((inner) => (typeof inner === "string" ? inner : JSON.stringify(inner))),
    { maxKeys: 5, noNullPrototype: true },
  )
  .map((raw) => ({ ...raw, "other:key": "left alone" }));
