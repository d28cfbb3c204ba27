/** A scratch stack's file in the clone, where the npm commands and plain pulumi look for it. */
import { copyFileSync } from "node:fs";
import type { Scratch } from "./scratch.ts";

/** Writes it, with Pulumi's salt; the test removes it. Gives its path. */
export function writeStackFile(scratch: Scratch): string {
  const file = `Pulumi.${scratch.stack}.yaml`;
  scratch.writeConfig();
  copyFileSync(scratch.configFile, file);
  return file;
}
