/** Which stacks the sweep is about: a name alone is not enough where a backend holds other stacks too. */

import { type Deployment, dockerHostOf } from "../stacks/state.ts";
import { UserError } from "../userError.ts";

/** The number of the pull request that a stack is for; undefined for any other stack. */
export const numberOf = (stack: string): number | undefined => {
  const number = /^pr-([1-9]\d*)$/.exec(stack)?.[1];
  return number === undefined ? undefined : Number(number);
};

/** Where review stacks run. @throws UserError where nobody says so. */
export function reviewHost(env: NodeJS.ProcessEnv): string {
  const host = env["REVIEW_DOCKER_HOST"];
  if (!host)
    throw new UserError(
      "REVIEW_DOCKER_HOST: is not set. Name the docker host of the review stacks, like ssh://user@host; stacks on others are left alone.",
    );
  return host;
}

/** Why a stack is no review stack, whatever its name; undefined where it is one. */
export function notSwept(stack: string, deployment: Deployment, host: string): string | undefined {
  const its = dockerHostOf(deployment);
  if (its === host) return undefined;
  const why = its === undefined ? "its state names no docker host" : `it is on "${its}"`;
  return `Stack ${stack} is left alone: ${why}, review stacks are on "${host}". If it is one, \`npm run stack -- rm ${stack}\` removes it.`;
}
