/**
 * Removes review stacks whose pull request is closed: those that could not be removed then, or that a later run of a job
 * made again.
 */
import type { Env } from "../process.ts";
import { removeStack } from "../stacks/remove.ts";
import { environment, exportedState, listed } from "../stacks/stack.ts";
import { type Deployment, dockerHostInState } from "../stacks/state.ts";
import { UserError } from "../userError.ts";
import { post, pullRequest } from "./github.ts";
import { removed } from "./reviewStack.ts";

/** The number of the pull request that a stack is for; undefined for any other stack. */
export const numberOf = (stack: string): number | undefined =>
  Number(/^pr-([1-9]\d*)$/.exec(stack)?.[1]) || undefined;

/** Where review stacks run. @throws UserError if nothing says so. */
export function reviewHost(env: Env): string {
  const host = env["REVIEW_DOCKER_HOST"];
  if (!host)
    throw new UserError(
      "REVIEW_DOCKER_HOST: is not set. Name the docker host of the review stacks, like ssh://user@host; stacks on others are left alone.",
    );
  return host;
}

/** Why a stack is not a review stack, whatever its name; undefined if it is one. A backend may hold other stacks too. */
export function notSwept(stack: string, deployment: Deployment, host: string): string | undefined {
  const its = dockerHostInState(deployment);
  if (its === host) return undefined;
  const why = its === undefined ? "its state names no docker host" : `it is on "${its}"`;
  return `Stack ${stack} is left alone: ${why}, review stacks are on "${host}". If it is one, \`npm run stack -- rm ${stack}\` removes it.`;
}

/**
 * Looks at every review stack on the host; one that fails does not prevent the removal of the others.
 *
 * @param sure Whether nobody is asked.
 * @returns The exit code.
 */
export async function sweep(host: string, sure: boolean): Promise<number> {
  const env = await environment();
  let failed = 0;
  for (const { name: stack } of await listed(env)) {
    const number = numberOf(stack);
    if (number === undefined) continue;
    try {
      const alone = notSwept(stack, await exportedState(stack, env), host);
      if (alone === undefined) failed = (await removeIfClosed(stack, number, sure)) || failed;
      else process.stdout.write(`${alone}\n`);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      process.stderr.write(`${error.message}\n`);
      failed = 1;
    }
  }
  return failed;
}

async function removeIfClosed(stack: string, number: number, sure: boolean): Promise<number> {
  const found = await pullRequest(number);
  if (found === undefined)
    process.stdout.write(`Stack ${stack} is left alone: GitHub has no pull request ${number}.\n`);
  if (!found?.closed) return 0;
  const { code } = await removeStack(stack, { sure });
  if (code === 0) await post(found, "review", stack, removed(stack));
  return code;
}
