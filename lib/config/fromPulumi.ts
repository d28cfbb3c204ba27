/** What the running program is given: its configuration, and errors that end it without a stack trace. */
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { UserError } from "../userError.ts";
import { SECRET_KEYS } from "./collect.ts";
import { loadConfig } from "./load.ts";
import type { Config } from "./schema.ts";

/** @throws UserError with every error of the configuration, one a line. */
export function readConfig(): Config {
  const stack = pulumi.getStack();
  // The npm commands name the file that they hand to pulumi by --config-file: pulumi does not tell which it is.
  const own = `Pulumi.${stack}.yaml`;
  const file = process.env["AGATHA_CONFIG_FILE"] || own;
  return loadConfig(heldConfig(), {
    stack,
    file: textOf(file),
    options: ["--stack", stack, ...(file === own ? [] : ["--config-file", file])],
    packages: process.env["AGATHA_PACKAGES"],
    // Set-up made it for the stack; readable by its owner alone.
    password: textOf(`.state/secrets/${stack}/database-password`)?.trim(),
  });
}

/** What Pulumi holds, texts by key; with it the names of the keys that are secrets, which the engine hands over apart. */
export function heldConfig(): Record<string, string> {
  const secretKeys = process.env[SECRET_KEYS];
  return { ...pulumi.runtime.allConfig(), ...(secretKeys ? { [SECRET_KEYS]: secretKeys } : {}) };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
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
