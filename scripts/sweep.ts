/**
 * `npm run sweep`: removes the review stacks whose pull request is closed, for workflows: those that could not be removed
 * when it was, or that a later run of a job made again.
 */
import { UserError } from "../components/userError.ts";
import { post, pullRequest, readRepository } from "./lib/comment/github.ts";
import { removed } from "./lib/comment/review.ts";
import { main } from "./lib/exec.ts";
import { bareName, environment, listed } from "./lib/stack.ts";
import { removeStack } from "./lib/stacks.ts";

/** The number of the pull request that a stack is for; undefined for any other stack. */
const numberOf = (stack: string): number | undefined => {
  const number = /^pr-([1-9]\d*)$/.exec(stack)?.[1];
  return number === undefined ? undefined : Number(number);
};

await main(async () => {
  const repository = readRepository(process.env);
  let failed = 0;
  for (const stack of (await listed(await environment())).map(({ name }) => bareName(name))) {
    const number = numberOf(stack);
    if (number === undefined) continue;
    try {
      const of = await pullRequest(repository, number);
      if (!of.closed) continue;
      if ((await removeStack(stack, { sure: true })) === 0) await post(of, "review", stack, removed(stack));
      else failed += 1;
    } catch (error) {
      // The others do not wait for this one.
      if (!(error instanceof UserError)) throw error;
      process.stderr.write(`${error.message}\n`);
      failed += 1;
    }
  }
  return failed > 0 ? 1 : 0;
});
