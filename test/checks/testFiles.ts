/** The test files that `npm test` runs by a part of their name. */

import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { UserError } from "../../lib/userError.ts";

/** Vitest's projects that run side by side, each one file after the other. */
export const LANES = ["integration", "hosts"];

/** @throws UserError where a part is in no file's name: it comes before what takes minutes. */
export function refuseUnknown(parts: string[]): void {
  for (const part of parts)
    if (LANES.every((lane) => testFiles(lane, [part]).length === 0))
      throw new UserError(
        `test: no file in ${LANES.map((lane) => `test/${lane}`).join(" or ")} has ${JSON.stringify(part)} in its name. Give a part of one, or of its path.`,
      );
}

/** A lane's files whose names have one of the parts in them; a part with a slash may be anywhere in the path. */
export function testFiles(lane: string, parts: string[]): string[] {
  const has = (path: string) => (part: string) => (part.includes("/") ? path : basename(path)).includes(part);
  return readdirSync(join("test", lane))
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => join("test", lane, name))
    .filter((path) => parts.length === 0 || parts.some(has(path)));
}
