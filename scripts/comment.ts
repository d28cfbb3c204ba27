/**
 * `npm run comment -- --stack NAME --file FILE`: puts a preview's comment on the pull request that GitHub's runner names;
 * `--review`: one on its review stack, which `up` or `stack rm` wrote.
 */
import { existsSync, readFileSync } from "node:fs";
import { failure } from "./lib/comment/comment.ts";
import { type PullRequest, post, readPullRequest, runAddress } from "./lib/comment/github.ts";
import { notRemoved, notUp } from "./lib/comment/review.ts";
import { main, Stop } from "./lib/exec.ts";
import { stackArguments } from "./lib/stack.ts";
import { takeValue } from "./lib/takeValue.ts";

/** Where the job ended before it could preview: Nix could not be installed, say. */
const NOT_MADE = "The job ended before the preview. See its log.";

/** Where the step before wrote nothing. */
function without(review: boolean, stack: string, { closed }: PullRequest): string {
  if (!review) return failure(stack, [NOT_MADE]);
  const run = runAddress(process.env);
  return closed ? notRemoved(stack, run) : notUp(stack, run);
}

await main(async () => {
  const [file, args] = takeValue(process.argv.slice(2), "file");
  const { stack, rest, flags } = stackArguments(args, ["review"]);
  if (file === undefined || rest.length > 0)
    throw new Stop("comment: takes --stack NAME, --file FILE, which the step before wrote, and --review.");
  const to = readPullRequest(process.env);
  const review = flags["review"] === true;
  const text = existsSync(file) ? readFileSync(file, "utf8") : without(review, stack, to);
  const address = await post(to, review ? "review" : "preview", stack, text);
  process.stdout.write(`${address ?? "The pull request is closed, and had no such comment."}\n`);
  return 0;
});
