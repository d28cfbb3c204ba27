/** The test files that bring stacks up, which `npm test` runs by a part of their names. */
import { globSync } from "node:fs";
import { basename, dirname } from "node:path";
import { UserError } from "../../lib/userError.ts";

export interface TestFile {
  project: string;
  path: string;
  /** Whether it uses this machine's docker daemon, as only one file at a time may: they share its images. */
  sharesDaemon: boolean;
  /** Whether it does next to nothing but wait. */
  waits: boolean;
}

/** Files of test/integration without docker, or with a daemon of their own; those of test/hosts have one each. */
const APART = ["front", "interrupts", "jar", "major", "nix", "oddPaths", "probe", "standIn"];

/** Files that wait for docker: for its probes to fail, for a swarm's times. They leave the machine alone meanwhile. */
const WAITING = ["liveness", "swarm", "swarmNode"];

/** The longest files with a daemon of their own, in this order: begun late, they would be waited for in the end. */
const LONGEST = ["migrations", "major", "rollback", "deploys", "takeover", "registry", "healing"];

/** @throws UserError if a part is in no file's name: better now than after minutes. */
export function refuseUnknown(parts: string[]): void {
  const unknown = parts.find((part) => testFiles([part]).length === 0);
  if (unknown !== undefined)
    throw new UserError(
      `test: no file in test/integration or test/hosts has ${JSON.stringify(unknown)} in its name. Give a part of one, or of its path.`,
    );
}

/**
 * The files whose names have one of the parts in them, in the order in which they are begun. A part with a slash may be
 * anywhere in the path.
 *
 * @param parts Default: all files.
 */
export function testFiles(parts: string[] = []): TestFile[] {
  const has = (path: string) => (part: string) => (part.includes("/") ? path : basename(path)).includes(part);
  const early = LONGEST.toReversed();
  const rank = ({ path }: TestFile) => early.indexOf(subject(path));
  return globSync("test/{integration,hosts}/*.test.ts")
    .sort()
    .filter((path) => parts.length === 0 || parts.some(has(path)))
    .map((path) => ({
      path,
      project: basename(dirname(path)),
      sharesDaemon: path.startsWith("test/integration/") && !APART.includes(subject(path)),
      waits: WAITING.includes(subject(path)),
    }))
    .sort((a, b) => rank(b) - rank(a));
}

/** What a file is about: `test/hosts/liveness.test.ts` about `liveness`. */
export const subject = (path: string): string => basename(path, ".test.ts");
