/** What the running program is given: its configuration, and errors that end it in sentences. */
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { type Config, loadConfig } from "../config.ts";
import { SECRET_KEYS } from "./configErrors.ts";
import { UserError } from "./userError.ts";

/** Where set-up keeps the password that it made for a stack; readable by its owner alone. */
const passwordFile = (stack: string): string => `.state/secrets/${stack}/database-password`;

/** @throws UserError with every error of the configuration, one a line. */
export function readConfig(): Config {
  const stack = pulumi.getStack();
  const surroundings = { stack, packages: process.env["AGATHA_PACKAGES"], password: readPassword(stack) };
  return loadConfig(heldConfig(), surroundings);
}

/** What Pulumi holds, texts by key; with it the names of the keys that are secrets, which the engine hands over apart. */
export function heldConfig(): Record<string, string> {
  const secretKeys = process.env[SECRET_KEYS];
  return { ...pulumi.runtime.allConfig(), ...(secretKeys ? { [SECRET_KEYS]: secretKeys } : {}) };
}

function readPassword(stack: string): string | undefined {
  try {
    return readFileSync(passwordFile(stack), "utf8").trim();
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
