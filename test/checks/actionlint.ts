/** Checks the workflows by actionlint, built from Go modules and kept for next time. */
import { join } from "node:path";
import { line } from "../../lib/progress.ts";
import { UserError } from "../../lib/userError.ts";
import { GO_FOLDER, goCommand } from "../../offline/engine.ts";
import { type GoTool, goTool } from "../support/goTool.ts";
import { type Count, check, FAILED, SKIPPED } from "./checks.ts";

const NAME = "workflows";

const TOOL: GoTool = {
  name: "actionlint",
  module: join(import.meta.dirname, "actionlint"),
  package: "github.com/rhysd/actionlint/cmd/actionlint",
  binary: "actionlint",
};

/** @param files The workflows. Default: all of the repo's. */
export async function actionlint(files: string[] = []): Promise<Count> {
  if (goCommand() === undefined) {
    line(NAME, `SKIPPED: there is no Go on PATH or in ${GO_FOLDER}. Install Go to check them by actionlint.`);
    return SKIPPED;
  }
  try {
    // Without the linters of other languages that it would take from PATH: the same result on every machine.
    return await check(NAME, await goTool(TOOL), ["-no-color", "-shellcheck=", "-pyflakes=", ...files]);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    line(NAME, "FAILED");
    process.stdout.write(`${error.message}\n\n`);
    return FAILED;
  }
}
