/** A scratch stack's file in the clone, where the npm commands and plain pulumi look for it. */
import { readFileSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";
import type { Scratch } from "./scratch.ts";

/** Writes it, with Pulumi's salt; the test removes it. Gives its path. */
export function writeStackFile(scratch: Scratch): string {
  const file = `Pulumi.${scratch.stack}.yaml`;
  const config = Object.entries(scratch.config).map(([key, value]) => [`agatha:${key}`, value]);
  const salt = /^encryptionsalt: .*$/m.exec(readFileSync(scratch.configFile, "utf8"))?.[0] ?? "";
  writeFileSync(file, `${salt}\n${stringify({ config: Object.fromEntries(config) })}`);
  return file;
}
