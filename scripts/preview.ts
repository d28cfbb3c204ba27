/** `npm run preview`: what `npm run up` would change, why, and which service is away for how long. */
import { writeFileSync } from "node:fs";
import { command } from "../lib/cli/command.ts";
import { changesOf } from "../lib/previews/changes.ts";
import { comment, failure } from "../lib/previews/comment.ts";
import { diffInText } from "../lib/previews/diff.ts";
import { withEmptyState } from "../lib/previews/emptyState.ts";
import { type Preview, PreviewFailed, runPreview } from "../lib/previews/runPreview.ts";
import { previewTable } from "../lib/previews/table.ts";
import type { Env } from "../lib/process.ts";
import { onStandardError } from "../lib/progress.ts";
import { readStackFile, refuseLostTexts } from "../lib/stacks/file.ts";
import { fullName } from "../lib/stacks/pulumi.ts";
import { ensureStack, environment, hostVariable } from "../lib/stacks/stack.ts";
import { UserError } from "../lib/userError.ts";
import { needsOf, setup } from "../setup/setup.ts";

await command("preview", async ({ stack, file, configFile, options, pulumi: passed }) => {
  const { out, diff = false, markdown = false, empty = false } = options;
  // Standard output is for the comment alone.
  if (markdown) onStandardError();
  const show = (text: string) => (out === undefined ? process.stdout.write(text) : writeFileSync(out, text));
  try {
    Object.assign(process.env, hostVariable(file));
    refuseLostTexts(file);
    await setup(needsOf(readStackFile(file)));
    const env = await environment(stack, file);
    const look = (more: string[], env: Env) => runPreview([...more, ...passed], env, diff || markdown);
    let seen: Preview;
    if (empty)
      seen = await withEmptyState(stack, file, env, (more, env) => look([...more, "--stack", stack], env));
    else {
      // A pull request makes no stack.
      await ensureStack(stack, env, file, markdown);
      seen = await look(["--stack", fullName(stack, env), ...configFile], env);
    }
    const changes = changesOf(stack, seen.steps);
    if (markdown) show(comment(changes, seen.diff, seen.warnings, empty));
    else show(`\n${[previewTable(changes), diffInText(seen.diff)].filter(Boolean).join("\n")}`);
    return options["expect-no-changes"] && changes.any ? 1 : 0;
  } catch (error) {
    if (markdown && error instanceof UserError)
      show(failure(stack, error instanceof PreviewFailed ? error.errors : [error.message]));
    throw error;
  }
});
