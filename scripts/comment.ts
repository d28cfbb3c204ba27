/** `npm run comment`: puts a preview's comment, or one on a review stack, on the pull request that GitHub's runner names. */
import { existsSync, readFileSync } from "node:fs";
import { command } from "../lib/cli/command.ts";
import { failure } from "../lib/previews/comment.ts";
import { post, readPullRequest, runAddress } from "../lib/pull-requests/github.ts";
import { notRemoved, notUp } from "../lib/pull-requests/reviewStack.ts";
import { UserError } from "../lib/userError.ts";

await command("comment", async ({ stack, options: { file, review = false } }) => {
  if (file === undefined)
    throw new UserError(
      "comment: --file is missing. Write it like `--file FILE`, which the step before wrote.",
    );
  const to = readPullRequest(process.env);
  /** If the step before wrote nothing: it failed, or Nix could not be installed, say. */
  const fallback = () => {
    if (!review) return failure(stack, ["The job ended before the preview. See its log."]);
    return (to.closed ? notRemoved : notUp)(stack, runAddress(process.env));
  };
  const text = existsSync(file) ? readFileSync(file, "utf8") : fallback();
  const address = await post(to, review ? "review" : "preview", stack, text);
  process.stdout.write(`${address ?? "The pull request is closed, and had no such comment."}\n`);
  return 0;
});
