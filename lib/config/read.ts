/** What the running program is given: its configuration, and errors that end it in sentences. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";
import { UserError } from "../userError.ts";
import { SECRET_KEYS } from "./errors.ts";
import { loadConfig } from "./load.ts";
import type { Config } from "./schema.ts";

/** Where set-up keeps the password that it made for a stack; readable by its owner alone. */
const passwordFile = (stack: string): string => `.state/secrets/${stack}/database-password`;

/** @throws UserError with every error of the configuration, one a line. */
export function readConfig(): Config {
  const stack = pulumi.getStack();
  const held = heldConfig();
  // The npm commands name the file that they hand to pulumi by --config-file: pulumi does not tell which it is.
  const file = textOf(process.env["AGATHA_CONFIG_FILE"] || `Pulumi.${stack}.yaml`);
  return loadConfig(held, {
    stack,
    file,
    packages: process.env["AGATHA_PACKAGES"],
    password: readPassword(stack),
    // Only where it matters: reading YAML takes its time.
    secretEnv: held[SECRET_KEYS]?.includes('"agatha:back"') ? secretVariables(file) : [],
  });
}

/** What Pulumi holds, texts by key; with it the names of the keys that are secrets, which the engine hands over apart. */
export function heldConfig(): Record<string, string> {
  const secretKeys = process.env[SECRET_KEYS];
  return { ...pulumi.runtime.allConfig(), ...(secretKeys ? { [SECRET_KEYS]: secretKeys } : {}) };
}

const readPassword = (stack: string): string | undefined => textOf(passwordFile(stack))?.trim();

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** The variables that `pulumi config set --path --secret agatha:back.env.NAME` encrypted in a stack's file. */
export function secretVariables(text: string | undefined): string[] {
  const { parse } = createRequire(import.meta.url)("yaml") as typeof import("yaml");
  const file = parse(text ?? "") as { config?: { "agatha:back"?: { env?: Record<string, unknown> } } } | null;
  const secure = (value: unknown) =>
    typeof value === "object" && value !== null && Object.hasOwn(value, "secure");
  return Object.entries(file?.config?.["agatha:back"]?.env ?? {})
    .filter(([, value]) => secure(value))
    .map(([name]) => name);
}

/** Does what the program needs before its first resource; a UserError ends it without a stack trace. */
export async function inSentences<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError) throw new pulumi.RunError(error.message);
    throw error;
  }
}
