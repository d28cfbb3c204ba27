/** Checks by other tools, which are built or installed once and kept for next time. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run, tail } from "../../lib/process.ts";
import { line } from "../../lib/progress.ts";
import { UserError } from "../../lib/userError.ts";
import { GO_FOLDER, goCommand } from "../../offline/engine.ts";
import { goTool, toolFolder } from "../support/goTool.ts";
import { type Count, check, SKIPPED } from "./checks.ts";

/** A check that needs Go, which a machine may lack that did not build the engine. */
async function withGo(name: string, body: () => Promise<Count>): Promise<Count> {
  if (goCommand() !== undefined) return body();
  line(name, `SKIPPED: there is no Go on PATH or in ${GO_FOLDER}. Install Go for this check.`);
  return SKIPPED;
}

/** The Go tests of the engine that is built offline. */
export const engineTests = () =>
  withGo("engine's tests", () => check("engine's tests", "bash", ["offline/engine/test.sh"]));

/** The workflows, without the linters of other languages on PATH: the same result on every machine. */
export const actionlint = () =>
  withGo("workflows", async () =>
    check("workflows", await goTool("actionlint"), ["-no-color", "-shellcheck=", "-pyflakes="]),
  );

/** What an attacker could use in the workflows. */
export async function zizmor(): Promise<Count> {
  // Its version, with the hashes of its wheels.
  const pinned = join(import.meta.dirname, "zizmor/requirements.txt");
  const version = /^zizmor==(\S+)/m.exec(readFileSync(pinned, "utf8"))?.[1];
  const folder = toolFolder(`zizmor-${version}`);
  const program = join(folder, "bin/zizmor");
  if (!existsSync(program)) {
    const how = ["--quiet", "--no-deps", "--require-hashes", "--target", folder, "--requirement", pinned];
    const { code, output } = await run("pip3", ["install", ...how], { optional: true });
    if (code !== 0) throw new UserError(`zizmor could not be installed:\n${tail(output, 20)}`);
  }
  // Offline: what it would ask GitHub needs a token, and answers differently from day to day.
  return check("zizmor", program, ["--offline", "--quiet", "--color=never", ".github"]);
}
