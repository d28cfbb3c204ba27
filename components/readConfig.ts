/** Reads the running program's configuration; what is wrong with it ends the program in sentences, without a stack trace. */
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { type Config, ConfigError, loadConfig } from "../config.ts";

/** Where set-up keeps the password that it made for a stack; readable by its owner alone. */
export const passwordFile = (stack: string): string => `.state/secrets/${stack}/database-password`;

/** @throws pulumi.RunError with every error of the configuration, one a line. */
export function readConfig(): Config {
  const stack = pulumi.getStack();
  const raw = pulumi.runtime.allConfig();
  try {
    return loadConfig(raw, {
      stack,
      packages: process.env["AGATHA_PACKAGES"],
      password: readPassword(stack),
    });
  } catch (error) {
    if (error instanceof ConfigError) throw new pulumi.RunError(error.message);
    throw error;
  }
}

function readPassword(stack: string): string | undefined {
  try {
    return readFileSync(passwordFile(stack), "utf8").trim();
  } catch {
    return undefined;
  }
}
