/**
 * `npm run sweep`: removes the review stacks on the docker host `REVIEW_DOCKER_HOST` whose pull request is closed, for
 * workflows: those that could not be removed when it was, or that a later run of a job made again.
 */

import { command } from "../lib/cli/command.ts";
import { post, pullRequest, type Repository, readRepository } from "../lib/pull-requests/github.ts";
import { removed } from "../lib/pull-requests/reviewStack.ts";
import { notSwept, numberOf, reviewHost } from "../lib/pull-requests/sweep.ts";
import { exportedState } from "../lib/stacks/ownEngine.ts";
import { removeStack } from "../lib/stacks/remove.ts";
import { bareName, environment, listed } from "../lib/stacks/stack.ts";
import { UserError } from "../lib/userError.ts";

/** Gives whether nothing failed. @param other Why the stack is not the workflow's. */
async function sweep(
  repository: Repository,
  stack: string,
  number: number,
  other: string | undefined,
  sure: boolean,
) {
  if (other !== undefined) return say(other);
  const of = await pullRequest(repository, number);
  if (of === undefined) return say(`Stack ${stack} is left alone: GitHub has no pull request ${number}.`);
  if (!of.closed) return true;
  const { code } = await removeStack(stack, { sure });
  if (code === 0) await post(of, "review", stack, removed(stack));
  return code === 0;
}

function say(line: string): true {
  process.stdout.write(`${line}\n`);
  return true;
}

await command("sweep", async ({ options: { yes = false } }) => {
  const [repository, host, env] = [readRepository(process.env), reviewHost(process.env), await environment()];
  let failed = 0;
  for (const stack of (await listed(env)).map(({ name }) => bareName(name))) {
    const number = numberOf(stack);
    if (number === undefined) continue;
    try {
      const other = notSwept(stack, await exportedState(stack, env), host);
      if (!(await sweep(repository, stack, number, other, yes))) failed += 1;
    } catch (error) {
      // The others do not wait for this one.
      if (!(error instanceof UserError)) throw error;
      process.stderr.write(`${error.message}\n`);
      failed += 1;
    }
  }
  return failed > 0 ? 1 : 0;
});
