/**
 * `npm run comment -- --stack NAME --file FILE`: puts a preview's comment on the pull request that GitHub's runner names.
 */
import { existsSync, readFileSync } from "node:fs";
import { failure } from "./lib/comment/comment.ts";
import { post, readPullRequest } from "./lib/comment/github.ts";
import { main, Stop } from "./lib/exec.ts";
import { stackArguments } from "./lib/stack.ts";
import { takeValue } from "./lib/takeValue.ts";

/** Where the job ended before it could preview: Nix could not be installed, say. */
const NOT_MADE = "The job ended before the preview. See its log.";

await main(async () => {
  const [file, args] = takeValue(process.argv.slice(2), "file");
  const { stack, rest } = stackArguments(args);
  if (file === undefined || rest.length > 0)
    throw new Stop("comment: takes --stack NAME and --file FILE, the file that the preview wrote.");
  const text = existsSync(file) ? readFileSync(file, "utf8") : failure(stack, [NOT_MADE]);
  process.stdout.write(`${await post(readPullRequest(process.env), stack, text)}\n`);
  return 0;
});
