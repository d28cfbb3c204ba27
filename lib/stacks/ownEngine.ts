/** Whether the docker engine that answers here is the one that a stack's state is about. */

import { renamed } from "../database/volumes.ts";
import { askEngine } from "../docker/engine.ts";
import { hostSentence } from "../docker/errors.ts";
import type { HeldHost } from "../docker/heldHost.ts";
import { resolveDockerHost } from "../docker/host.ts";
import { run } from "../process.ts";
import { UserError } from "../userError.ts";
import { fullName } from "./stack.ts";
import { type Deployment, heldHostOf, isEmpty, volumeIn } from "./state.ts";
import { refuseLeftBehind } from "./withoutState.ts";

/** The stack's state, secrets encrypted. */
export async function exportedState(stack: string, env: NodeJS.ProcessEnv): Promise<Deployment> {
  const args = ["stack", "export", "--stack", fullName(stack, env)];
  const { code, output, stdout } = await run("pulumi", args, { env });
  if (code !== 0) throw new UserError(`pulumi stack export: ended with ${code}:\n${output.trim()}`);
  const { deployment } = JSON.parse(stdout) as { deployment?: Deployment };
  return deployment ?? {};
}

/**
 * Whether it is; false too where the state knows no engine yet, since nothing was made on any.
 *
 * @throws UserError where no engine answers.
 */
export async function isOwnEngine(deployment: Deployment, env: NodeJS.ProcessEnv): Promise<boolean> {
  const held = heldHostOf(deployment);
  return held !== undefined && held.engine === (await answering(env)).engine;
}

/**
 * Refuses to remove a stack's things on another docker host than its own: Pulumi's destroy does not run the program,
 * which would see it, finds nothing there and succeeds; what goes by label then is somebody else's.
 *
 * @throws UserError where another engine answers, where none does, where the state has nothing and the host does, or where the
 * stack was renamed: by its label nothing of it would be found.
 */
export async function refuseOtherEngine(
  stack: string,
  deployment: Deployment,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  refuseRenamed(stack, deployment);
  const held = heldHostOf(deployment);
  if (held !== undefined) {
    const { engine, address } = await answering(env);
    if (engine !== held.engine) throw new UserError(otherEngine(stack, address, held.address));
  } else if (isEmpty(deployment)) await refuseLeftBehind(stack, env, "has nothing in this Pulumi backend");
}

/** @throws UserError where the stack's volume is labelled as another stack's. */
export function refuseRenamed(stack: string, deployment: Deployment): void {
  const volume = volumeIn(deployment);
  if (volume !== undefined && volume.stack !== stack)
    throw new UserError(renamed(stack, volume.stack, volume.name));
}

/** The sentence for a docker host that is not the stack's. */
export const otherEngine = (stack: string, address: string, held: string): string =>
  `docker: at "${address}" answers another docker engine than the one that stack ${stack} runs on${address === held ? "" : `, which is "${held}"`}. Nothing was removed. Set agatha:dockerHost, DOCKER_HOST or docker's context back to it, then run this again.`;

/** The engine that docker's client talks to. @throws UserError where none answers. */
async function answering(env: NodeJS.ProcessEnv): Promise<HeldHost> {
  const host = await resolveDockerHost(undefined, env);
  const answer = await askEngine(
    { ...host, env: { ...(env as Record<string, string>), ...host.env } },
    false,
  );
  if ("engine" in answer) return { engine: answer.engine, address: host.address };
  throw new UserError(
    hostSentence(answer.words, host.address) ?? `docker: ${host.address} does not answer: ${answer.words}`,
  );
}
