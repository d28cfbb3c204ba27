/** Lets a stack go on after an update that was killed. */
import { type Env, run } from "../process.ts";
import { line } from "../progress.ts";
import { type DockerObject, dockerObjects, removeObject } from "./dockerObjects.ts";
import { deploymentOf, releaseLocks, restoreCheckpoints, stateFolder } from "./fileBackend.ts";
import { fullName, pulumiOutput } from "./pulumi.ts";
import { isOwnHost, refuseOtherHost, refuseRenamed } from "./refuseOtherHost.ts";
import { exportedState, type ListedStack, listed } from "./stack.ts";
import { type Deployment, dockerHostInState, unfinished } from "./state.ts";

/**
 * Removes the lock of an update that was killed on this host, its temporary containers, and what it was making and could
 * not record: a container or network whose name the next update would find taken. Data is in volumes, which are left
 * alone. While another update may hold the stack, nothing but stale locks is removed.
 *
 * Other backends than files look after the lock, and only Pulumi Cloud shows whether an update holds the stack: with that,
 * temporary containers are removed.
 *
 * @param refreshArgs Further arguments of `pulumi refresh`.
 */
export async function recover(stack: string, env: Env, refreshArgs: string[] = []): Promise<void> {
  // Before the locks: what exists now belongs to no update that begins after they were looked at. If docker does not
  // answer, whatever needs it reports that.
  const temporary = (await dockerObjects("container", stack, env).catch(() => [])).filter(isTemporary);
  const folder = stateFolder(env);
  if (folder === undefined) {
    if (temporary.length > 0 && isFreeInCloud(await listed(env), stack))
      await removeTemporary(temporary, await exportedState(stack, env), env);
    return;
  }
  const { removed, held } = releaseLocks(folder, stack);
  if (removed > 0) line("state", "an update was killed: its lock is removed");
  // What looks unfinished may be what the holder is making right now.
  if (held) return;
  restoreCheckpoints(env);
  const deployment = deploymentOf(folder, stack);
  refuseRenamed(stack, deployment);
  // Another update may have begun since, and be in the state already.
  if (releaseLocks(folder, stack).held) return;
  await removeTemporary(temporary, deployment, env);
  if (deployment.pending_operations?.some(({ type }) => type === "creating"))
    await forgetUnfinished(stack, deployment, env, refreshArgs);
}

/** Whether a stack is Pulumi Cloud's, and no update holds it. */
export function isFreeInCloud(stacks: ListedStack[], stack: string): boolean {
  const found = stacks.find(({ name }) => name === stack);
  return found?.url !== undefined && found.updateInProgress !== true;
}

/**
 * Whether a container is temporary: a canary, a carrier of files or of a certificate, Flyway, what tries the gateway's
 * ports, or an upgrade's server. Servers that try a backup share the label of these, hold no lock and have other names.
 */
export const isTemporary = ({ service, name }: Pick<DockerObject, "service" | "name">): boolean =>
  /^(.+-trial|.+-files|gateway-certificate|gateway-room|migrate)$/.test(service) ||
  (service === "db-work" && /-upgrade-(old|new)$/.test(name));

async function removeTemporary(found: DockerObject[], deployment: Deployment, env: Env): Promise<void> {
  if (found.length === 0 || !(await isOwnHost(deployment, env))) return;
  for (const { id, name } of found)
    if (await removeObject("container", id, env))
      line("docker", `an update was killed: its temporary container ${name} is removed`);
}

/** Removes what was being made, then lets Pulumi refresh its state and forget the rest. */
async function forgetUnfinished(
  stack: string,
  deployment: Deployment,
  env: Env,
  refreshArgs: string[],
): Promise<void> {
  const host = dockerHostInState(deployment);
  const dockerEnv = host === undefined ? env : { ...env, DOCKER_HOST: host };
  // On another host Pulumi would find nothing, and forget everything.
  await refuseOtherHost(stack, deployment, dockerEnv);
  for (const { kind, name } of unfinished(deployment)) {
    const format = `{{index .${{ container: "Config.", service: "Spec.", network: "" }[kind]}Labels "agatha.stack"}}`;
    const inspected = await run("docker", [kind, "inspect", "--format", format, name], { env: dockerEnv });
    if (inspected.code !== 0 || inspected.output.trim() !== stack) continue;
    await removeObject(kind, name, dockerEnv);
    line("state", `an update was killed: the ${kind} ${name}, which it was making, is removed`);
  }
  const how = ["--yes", "--skip-preview", "--clear-pending-creates", "--stack", fullName(stack, env)];
  await pulumiOutput(["refresh", ...how, ...refreshArgs], env);
}
