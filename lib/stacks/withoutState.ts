/** What a stack has on the docker host, found by its labels alone, for a stack whose state is lost. */
import { ofStack } from "../docker/arguments.ts";
import { swarmLines } from "../docker/swarm/services.ts";
import type { Env } from "../process.ts";
import { UserError } from "../userError.ts";
import { areOnOneHost, type DockerObject, dockerObjects, removeObject } from "./dockerObjects.ts";

/** These are stopped last, in this order: a service after those that use it. */
const LAST = ["back", "db"];

/** Containers, those with data last, and networks. @throws UserError with docker's error. */
export async function leftBehind(stack: string, env: Env): Promise<DockerObject[][]> {
  const containers = await dockerObjects("container", stack, env);
  containers.sort((a, b) => LAST.indexOf(a.service) - LAST.indexOf(b.service));
  return [containers, await dockerObjects("network", stack, env)];
}

/**
 * Shuts services and containers down cleanly, and removes them and the networks; volumes stay.
 *
 * @param inSwarm Whether the stack may have something in a swarm. Default: unless it has a service's container on this host.
 * @returns How much there was.
 */
export async function removeLeftBehind(stack: string, env: Env, inSwarm?: boolean): Promise<number> {
  const [containers = [], networks = []] = await leftBehind(stack, env);
  const removed = (inSwarm ?? !areOnOneHost(containers)) ? await removeFromSwarm(stack, env) : 0;
  for (const { name } of containers) {
    await removeObject("container", name, env, ["stop", name]);
    await removeObject("container", name, env);
    process.stdout.write(`Container ${name} is stopped and removed.\n`);
  }
  for (const { name } of networks) {
    await removeObject("network", name, env);
    process.stdout.write(`Network ${name} is removed.\n`);
  }
  return removed + containers.length + networks.length;
}

/** @returns How much there was: nothing if the docker host is no manager of a swarm. */
export async function removeFromSwarm(stack: string, env: Env): Promise<number> {
  let removed = 0;
  for (const kind of ["service", "secret", "config"] as const)
    for (const name of await swarmLines([kind, "ls", ...ofStack(stack), "--format", "{{.Name}}"], env)) {
      await removeObject(kind, name, env);
      process.stdout.write(`Removed ${kind} ${name}.\n`);
      removed++;
    }
  return removed;
}

/**
 * Refuses to make or remove a stack while another one of that name runs: its containers have the same names.
 *
 * @param is What the backend knows of the stack. Default: it is not there.
 * @throws UserError with the fix.
 */
export async function refuseLeftBehind(
  stack: string,
  env: Env,
  is = "is not in this Pulumi backend",
): Promise<void> {
  // If docker does not answer, whatever needs it reports that.
  const [containers = []] = await leftBehind(stack, env).catch(() => []);
  if (containers.length === 0) return;
  const names = containers.map(({ name }) => name).join(", ");
  throw new UserError(
    `stack ${stack}: ${is}, but ${names} run here. Log in where its state is; if that is lost, \`npm run down -- --stack ${stack} --without-state\` removes them and keeps the data, and \`npm run up\` goes on with it.`,
  );
}
