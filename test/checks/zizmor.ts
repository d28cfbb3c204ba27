/** Checks the workflows for what an attacker could use, by zizmor, which comes from PyPI and is kept for next time. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { run, tail } from "../../lib/process.ts";
import { line } from "../../lib/progress.ts";
import { goToolPath } from "../support/goTool.ts";
import { type Count, check, FAILED } from "./checks.ts";

const NAME = "zizmor";

/** Its version, with the hashes of its wheels. */
const PINNED = join(import.meta.dirname, "zizmor");

/** @param inputs Files or folders with workflows. Default: the repo's. */
export async function zizmor(inputs: string[] = [".github"]): Promise<Count> {
  const folder = dirname(goToolPath({ module: PINNED, binary: "zizmor" }));
  const program = join(folder, "bin/zizmor");
  if (!existsSync(program)) {
    const how = ["--quiet", "--no-deps", "--require-hashes", "--target", folder];
    const args = ["install", ...how, "--requirement", join(PINNED, "requirements.txt")];
    const { code, output } = await run("pip3", args, { optional: true });
    if (code !== 0) {
      line(NAME, "FAILED: zizmor could not be installed");
      process.stdout.write(`${tail(output, 20)}\n\n`);
      return FAILED;
    }
  }
  // Offline: what it would ask GitHub needs a token, and answers differently from day to day.
  return check(NAME, program, ["--offline", "--quiet", "--color=never", ...inputs]);
}
