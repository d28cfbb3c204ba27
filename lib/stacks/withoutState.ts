/** What of a stack is on the docker host, found by its labels alone: for a stack whose state is lost. */
import { run } from "../process.ts";
import { UserError } from "../userError.ts";
import { type Part, partsOf } from "./parts.ts";

export interface LeftBehind {
  /** Names, whatever has data last. */
  containers: string[];
  networks: string[];
}

/** Containers are stopped in this order: whoever uses a service before the service. */
const LAST = ["back", "db"];

/** @throws UserError in docker's words. */
export async function leftBehind(stack: string, env: NodeJS.ProcessEnv): Promise<LeftBehind> {
  const containers = await partsOf("container", stack, env);
  containers.sort((a, b) => LAST.indexOf(a.service) - LAST.indexOf(b.service));
  const names = (parts: Part[]) => parts.map(({ name }) => name);
  return { containers: names(containers), networks: names(await partsOf("network", stack, env)) };
}

/** What somebody else removes: a container of a backup or of an update that ends by itself when its server is gone. */
const GOING = /no such container|already in progress/i;

async function docker(args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { code, output } = await run("docker", args, { env });
  if (code !== 0 && !GOING.test(output)) throw new UserError(`docker ${args[0]}: ${output.trim()}`);
}

/** Stops the containers as their services want it and removes them and the networks; volumes stay. */
export async function removeLeftBehind(stack: string, env: NodeJS.ProcessEnv): Promise<void> {
  const { containers, networks } = await leftBehind(stack, env);
  if (containers.length + networks.length === 0)
    process.stdout.write(`Nothing of stack ${stack} is on this docker host.\n`);
  for (const container of containers) {
    await docker(["stop", container], env);
    await docker(["rm", "--volumes", container], env);
    process.stdout.write(`Container ${container} is stopped and removed.\n`);
  }
  for (const network of networks) {
    await docker(["network", "rm", network], env);
    process.stdout.write(`Network ${network} is removed.\n`);
  }
}

/**
 * Refuses to make a stack anew, or to remove one, while another of that name runs: its containers bear the same names.
 *
 * @param is What the backend knows of the stack. Default: it is not there.
 * @throws UserError with the fix.
 */
export async function refuseLeftBehind(
  stack: string,
  env: NodeJS.ProcessEnv,
  is = "is not in this Pulumi backend",
): Promise<void> {
  // Where docker cannot be asked, whoever needs it says so.
  const { containers } = await leftBehind(stack, env).catch(() => ({ containers: [] }));
  if (containers.length === 0) return;
  throw new UserError(
    `stack ${stack}: ${is}, but ${containers.join(", ")} run here. Log in where its state is; if that is lost, \`npm run down -- --stack ${stack} --without-state\` removes them and keeps the data, and \`npm run up\` goes on with it.`,
  );
}
