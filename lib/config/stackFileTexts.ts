/** Texts of a stack's file that YAML reads as something else: `1.10` becomes 1.1, `1234567.5` 1.2345675e+06, `2024-01-01` a time. */
import { createRequire } from "node:module";
import type { Scalar } from "yaml";
import { isTextKey } from "./collect.ts";
import { dotted, NAMESPACE } from "./text.ts";

/** What Pulumi's YAML (Go's yaml.v3, resolve.go) reads as a date, a number or a boolean. */
const DATE = /^\d{4}-\d{1,2}-\d{1,2}([Tt ]|$)/;
const NUMBER = /^[-+]?(0[xob][\da-f_]+|(\.\d|\d[\d_]*\.?)[\d_]*(e[-+]?\d+)?)$/i;
const INTEGER = /^-?\d+$/;
/** Numbers that Pulumi itself fails at: it hands values on as JSON. */
const NO_NUMBER = /^([-+]?\.inf|\.nan)$/i;
const BOOLEAN = /^(True|TRUE|False|FALSE)$/;

/** A date as Go prints it, which is what Pulumi writes back into the file. */
const LOST_DATE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [-+]\d{4} \S+$/;

/**
 * The messages for texts without quotes that lose their form, or lost it already. Pulumi writes the whole file again with
 * its salt, so this has to run before Pulumi's first run on the file.
 *
 * @param file The text of the stack's file.
 */
export function lostTexts(file: string): string[] {
  // Reading YAML takes its time, and most files have nothing of the kind.
  if (!/[:,[{-]\s+["']?([-+.]?\d|[-+]?\.[iInN]|True|TRUE|False|FALSE)/.test(file)) return [];
  return scalars(file).flatMap(([path, scalar]) =>
    isLost(path, scalar)
      ? `${NAMESPACE}:${dotted(path)}: the value (not shown) is a number, a date or a boolean to YAML, which changes how it is written. Write it in quotes.`
      : [],
  );
}

function isLost(path: string[], { type, source = "", value }: Scalar): boolean {
  if (type !== "PLAIN") return LOST_DATE.test(String(value));
  if (DATE.test(source) || NO_NUMBER.test(source)) return true;
  if (!isTextKey(path)) return false;
  return BOOLEAN.test(source) || (NUMBER.test(source) && !isKept(source));
}

/** Whether Go writes a number as it was: with an exponent from a million on, unless it is an integer of 64 bits. */
function isKept(source: string): boolean {
  const size = Math.abs(Number(source));
  const plain = INTEGER.test(source) ? size < 2 ** 63 : size >= 1e-4 && size < 1e6;
  return plain && String(Number(source)) === source;
}

const yaml = () => createRequire(import.meta.url)("yaml") as typeof import("yaml");

/**
 * What a stack's file tells of secrets: the variables that `pulumi config set --path --secret agatha:back.env.NAME`
 * encrypted, and whether the gateway's key is plain text.
 */
export function secretsOf(file: string): { variables: string[]; plainKey: boolean } {
  // With aliases and merge keys resolved, as Pulumi does.
  const { config } = (yaml().parse(file, { merge: true }) ?? {}) as {
    config?: Record<string, { env?: Record<string, unknown>; key?: unknown } | undefined>;
  };
  const variables = Object.entries(config?.["agatha:back"]?.env ?? {}).filter(
    ([, value]) => typeof value === "object" && value !== null && Object.hasOwn(value, "secure"),
  );
  return {
    variables: variables.map(([name]) => name),
    plainKey: typeof config?.["agatha:gateway"]?.key === "string",
  };
}

/** The values of this namespace, with the names that lead to them. */
function scalars(file: string): [path: string[], scalar: Scalar][] {
  const { isPair, parseDocument, visit } = yaml();
  const found: [string[], Scalar][] = [];
  visit(parseDocument(file), {
    Scalar(key, scalar, ancestors) {
      const names = ancestors.filter(isPair).map((pair) => String(pair.key));
      const [config, first = "", ...rest] = names;
      if (key !== "key" && config === "config" && first.startsWith(`${NAMESPACE}:`))
        found.push([[...first.slice(NAMESPACE.length + 1).split("."), ...rest], scalar]);
    },
  });
  return found;
}
