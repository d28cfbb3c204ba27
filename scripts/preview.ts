/**
 * `npm run preview`: what `npm run up` would change, why, what is unavailable meanwhile; `-- --diff` adds Pulumi's diff.
 *
 * `-- --markdown` gives a comment for a pull request instead, in `--out FILE` where that is named; a preview that fails
 * gives one too. `-- --empty` previews against an empty state of its own, without any secret.
 */

import { writeFileSync } from "node:fs";
import { command } from "../lib/cli/command.ts";
import { comment, failure } from "../lib/previews/comment.ts";
import { type DiffLine, diffInText, readDiff } from "../lib/previews/diff.ts";
import { withEmptyState } from "../lib/previews/emptyState.ts";
import { explain, explanation, type PreviewStep } from "../lib/previews/explain.ts";
import { previewErrors, readPreview } from "../lib/previews/output.ts";
import { run } from "../lib/process.ts";
import { onStandardError } from "../lib/report.ts";
import { readStackFile, refuseLostTexts, usesSample } from "../lib/stacks/file.ts";
import { ensureStack, environment, fullName, hostVariable, requireStack } from "../lib/stacks/stack.ts";
import { refuseLeftBehind } from "../lib/stacks/withoutState.ts";
import { UserError } from "../lib/userError.ts";
import { postgresqlOf } from "../offline/postgresql.ts";
import { setup } from "../setup/setup.ts";

interface Seen {
  steps: PreviewStep[];
  warnings: string[];
  diff: DiffLine[];
}

/** A preview that failed, with the errors that Pulumi named. */
class Failed extends UserError {
  readonly errors: string[];
  constructor(errors: string[]) {
    super(errors.join("\n"));
    this.errors = errors;
  }
}

await command("preview", async ({ stack, file, configFile, options, pulumi: passed }) => {
  const { out, diff = false, markdown = false, empty = false } = options;
  // Standard output is for the comment alone.
  if (markdown) onStandardError();
  const show = (text: string) => (out === undefined ? process.stdout.write(text) : writeFileSync(out, text));
  try {
    Object.assign(process.env, hostVariable(file));
    refuseLostTexts(file);
    await setup({ sample: usesSample(readStackFile(file)), postgresql: postgresqlOf(file) });
    const env = await environment(stack, file);
    const look = (more: string[], env: NodeJS.ProcessEnv) =>
      preview([...more, ...passed], env, diff || markdown);
    let seen: Seen;
    if (empty)
      seen = await withEmptyState(stack, file, env, (more, env) => look([...more, "--stack", stack], env));
    else {
      // A pull request makes no stack.
      const refuse = () => refuseLeftBehind(stack, env);
      await (markdown ? requireStack(stack, env) : ensureStack(stack, env, refuse));
      seen = await look(["--stack", fullName(stack, env), ...configFile], env);
    }
    const found = explanation(stack, seen.steps);
    if (markdown) show(comment(found, seen.diff, seen.warnings, empty));
    else show(`\n${[explain(stack, seen.steps), diffInText(seen.diff)].filter(Boolean).join("\n")}`);
    return options["expect-no-changes"] && found.changes ? 1 : 0;
  } catch (error) {
    if (markdown && error instanceof UserError)
      show(failure(stack, error instanceof Failed ? error.errors : [error.message]));
    throw error;
  }
});

async function preview(args: string[], env: NodeJS.ProcessEnv, diff: boolean): Promise<Seen> {
  const json = await run("pulumi", ["preview", "--json", ...args], { env });
  if (json.code !== 0) throw new Failed(previewErrors(json.output));
  const seen = readPreview(json.stdout);
  if (!diff) return { ...seen, diff: [] };
  const how = ["--diff", "--non-interactive", "--color", "never"];
  const { code, output } = await run("pulumi", ["preview", ...how, ...args], { env });
  if (code !== 0) throw new Failed([output.trim()]);
  return { ...seen, diff: readDiff(output) };
}
