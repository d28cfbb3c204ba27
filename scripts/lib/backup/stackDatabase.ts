/** The database of a stack that runs, found by its labels; and what the stack's configuration says of backups. */
import { docker, inspect } from "../../../steps/docker.ts";
import type { Database } from "../../../steps/postgres.ts";
import { interrupt } from "../../../steps/process.ts";
import { Stop } from "../exec.ts";
import { readStackConfig } from "../images/build.ts";
import { environment, stackArguments } from "../stack.ts";
import { withoutConfigFile } from "../stackFile.ts";

export interface StackDatabase {
  stack: string;
  database: Database;
  /** `agatha:backups.to`. */
  to: string | undefined;
  flags: Record<string, boolean | undefined>;
  /** The command's own arguments. */
  rest: string[];
}

/**
 * Reads a command's arguments and finds the database. From here on every docker command goes to the stack's host.
 *
 * @param flags The command's own.
 * @throws Stop where the database does not run.
 */
export async function stackDatabase(args: string[], flags: string[] = []): Promise<StackDatabase> {
  const given = stackArguments(args, flags);
  Object.assign(process.env, await environment(given.stack, given.rest));
  const config = readStackConfig(given.stack, given.rest, process.env["AGATHA_PACKAGES"], () => true);
  const container = await runningContainer(given.stack, "db");
  if (container === undefined)
    throw new Stop(`stack ${given.stack}: its database does not run here. \`npm run up\` brings it up.`);
  const env = (await inspect<string[]>("container", container, ".Config.Env")) ?? [];
  const value = (name: string) => env.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  const user = value("POSTGRES_USER") ?? "postgres";
  const database = { container, user, name: value("POSTGRES_DB") ?? user };
  return {
    stack: given.stack,
    database,
    to: config.backups.to,
    flags: given.flags,
    rest: withoutConfigFile(given.rest),
  };
}

/** Id of a service's container, where it runs. */
export async function runningContainer(stack: string, service: string): Promise<string | undefined> {
  const labels = [`label=agatha.stack=${stack}`, `label=agatha.service=${service}`];
  const filters = labels.flatMap((label) => ["--filter", label]);
  const ids = await docker(["ps", "--quiet", "--no-trunc", ...filters]);
  return ids.split("\n").find(Boolean);
}

/** Says itself what is left, after an interrupt too. */
export class Told extends Stop {}

/** Does work that an interrupt ends in good order: the programs that run are ended, and what is half done is removed. */
export async function interruptible<T>(work: () => Promise<T>): Promise<T> {
  let signalled = false;
  const end = () => {
    signalled = true;
    interrupt();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, end);
  try {
    return await work();
  } catch (error) {
    throw signalled && !(error instanceof Told) ? new Stop("Interrupted: nothing is left half done.") : error;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, end);
  }
}
