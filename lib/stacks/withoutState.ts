/** What a stack has on the docker host, found by its labels alone, for a stack whose state is lost. */
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../userError.ts";
import { type DockerObject, dockerObjects, removeObject, stopContainer } from "./dockerObjects.ts";
import { areOnOneHost, SWARM_KINDS, swarmNames } from "./swarmObjects.ts";

interface LeftBehind {
  /** Names, those with data last. */
  containers: string[];
  networks: string[];
}

/** These are stopped last, in this order: a service after those that use it. */
const LAST = ["back", "db"];

/** @throws UserError with docker's error. */
export async function leftBehind(stack: string, env: NodeJS.ProcessEnv): Promise<LeftBehind> {
  const containers = await dockerObjects("container", stack, env);
  containers.sort((a, b) => LAST.indexOf(a.service) - LAST.indexOf(b.service));
  const names = (objects: DockerObject[]) => objects.map(({ name }) => name);
  return { containers: names(containers), networks: names(await dockerObjects("network", stack, env)) };
}

/** Shuts services and containers down cleanly, and removes them and the networks; volumes stay. */
export async function removeLeftBehind(stack: string, env: NodeJS.ProcessEnv): Promise<void> {
  const removed = areOnOneHost(await dockerObjects("container", stack, env))
    ? 0
    : await removeFromSwarm(stack, env);
  const { containers, networks } = await leftBehind(stack, env);
  if (removed + containers.length + networks.length === 0)
    process.stdout.write(`Nothing of stack ${stack} is on this docker host.\n`);
  for (const container of containers) {
    await stopContainer(container, env);
    await removeObject("container", container, env);
    process.stdout.write(`Container ${container} is stopped and removed.\n`);
  }
  for (const network of networks) {
    await removeNetwork(network, env);
    process.stdout.write(`Network ${network} is removed.\n`);
  }
}

/** @returns How much there was. */
export async function removeFromSwarm(stack: string, env: NodeJS.ProcessEnv): Promise<number> {
  let removed = 0;
  for (const kind of SWARM_KINDS)
    for (const name of await swarmNames(kind, stack, env)) {
      await removeObject(kind, name, env);
      process.stdout.write(`Removed ${kind} ${name}.\n`);
      removed++;
    }
  return removed;
}

/** Longest time that the tasks of removed services take to end, in milliseconds; and the time between two tries. */
const END_MS = 60_000;
const PAUSE_MS = 500;

/** Waits for tasks that end. @throws UserError with docker's message. */
export async function removeNetwork(network: string, env: NodeJS.ProcessEnv): Promise<void> {
  for (const start = performance.now(); ; await sleep(PAUSE_MS)) {
    try {
      return void (await removeObject("network", network, env));
    } catch (error) {
      if (!/in use by task|active endpoints/.test(String(error)) || performance.now() - start > END_MS)
        throw error;
    }
  }
}

/**
 * Refuses to make or remove a stack while another one of that name runs: its containers have the same names.
 *
 * @param is What the backend knows of the stack. Default: it is not there.
 * @throws UserError with the fix.
 */
export async function refuseLeftBehind(
  stack: string,
  env: NodeJS.ProcessEnv,
  is = "is not in this Pulumi backend",
): Promise<void> {
  // If docker does not answer, whatever needs it reports that.
  const { containers } = await leftBehind(stack, env).catch(() => ({ containers: [] }));
  if (containers.length === 0) return;
  throw new UserError(
    `stack ${stack}: ${is}, but ${containers.join(", ")} run here. Log in where its state is; if that is lost, \`npm run down -- --stack ${stack} --without-state\` removes them and keeps the data, and \`npm run up\` goes on with it.`,
  );
}
