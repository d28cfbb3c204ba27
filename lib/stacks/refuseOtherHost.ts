/** Whether the docker host that answers here is the one that a stack's state is about. */
import { renamed } from "../database/volumes.ts";
import { askDaemon } from "../docker/daemon.ts";
import { hostSentence } from "../docker/errors.ts";
import { resolveDockerHost } from "../docker/host.ts";
import type { Env } from "../process.ts";
import { UserError } from "../userError.ts";
import { type Deployment, heldHostOf, isEmpty, volumeIn } from "./state.ts";
import { refuseLeftBehind } from "./withoutState.ts";

/** False too if the state knows no host yet, since nothing was made on any. @throws UserError if no host answers. */
export async function isOwnHost(deployment: Deployment, env: Env): Promise<boolean> {
  const held = heldHostOf(deployment);
  return held !== undefined && held.engine === (await answering(env)).engine;
}

/**
 * Refuses to remove a stack on another docker host than its own. Pulumi's destroy does not run the program, which would
 * notice; it finds nothing there and succeeds, and what then goes by label belongs to somebody else.
 *
 * @throws UserError if another host answers, if none does, if the state has nothing and the host does, or if the stack
 * was renamed: by its label nothing of it would be found.
 */
export async function refuseOtherHost(stack: string, deployment: Deployment, env: Env): Promise<void> {
  refuseRenamed(stack, deployment);
  const held = heldHostOf(deployment);
  if (held === undefined) {
    if (isEmpty(deployment)) await refuseLeftBehind(stack, env, "has nothing in this Pulumi backend");
    return;
  }
  const { engine, address } = await answering(env);
  if (engine === held.engine) return;
  const its = address === held.address ? "" : `, which is "${held.address}"`;
  throw new UserError(
    `docker: at "${address}" answers another docker engine than the one that stack ${stack} runs on${its}. Nothing was removed. Set agatha:dockerHost, DOCKER_HOST or docker's context back to it, then run this again.`,
  );
}

/** @throws UserError if the stack's volume is labelled as another stack's. */
export function refuseRenamed(stack: string, deployment: Deployment): void {
  const volume = volumeIn(deployment);
  if (volume !== undefined && volume.stack !== stack)
    throw new UserError(renamed(stack, volume.stack, volume.name));
}

/** The docker host that the client talks to. @throws UserError if none answers. */
async function answering(env: Env): Promise<{ engine: string; address: string }> {
  const host = await resolveDockerHost(undefined, env);
  const { address } = host;
  const answer = await askDaemon(
    { ...host, env: { ...(env as Record<string, string>), ...host.env } },
    false,
  );
  if ("engine" in answer) return { engine: answer.engine, address };
  throw new UserError(
    hostSentence(answer.words, address) ?? `docker: ${address} does not answer: ${answer.words}`,
  );
}
