/** The database of a stack that runs, found by its labels; and what the stack's configuration says of backups. */

import type { Database } from "../database/postgres.ts";
import { docker, inspect } from "../docker/client.ts";
import { Stop } from "../exec.ts";
import { readStackConfig } from "../images/build.ts";
import { interrupt } from "../process.ts";
import { environment, npmRun } from "./stack.ts";

export interface StackDatabase {
  stack: string;
  database: Database;
  /** `agatha:backups.to`. */
  to: string | undefined;
}

/**
 * Finds the database. From here on every docker command goes to the stack's host.
 *
 * @param file The stack's.
 * @throws Stop where the database does not run.
 */
export async function stackDatabase(stack: string, file: string): Promise<StackDatabase> {
  Object.assign(process.env, await environment(stack, file));
  const config = readStackConfig(stack, file, process.env["AGATHA_PACKAGES"], () => true);
  const container = await runningContainer(stack, "db");
  if (container === undefined)
    throw new Stop(
      `stack ${stack}: its database does not run here. ${npmRun("up", stack, "--refresh")} brings it up.`,
    );
  const env = (await inspect<string[]>("container", container, ".Config.Env")) ?? [];
  const value = (name: string) => env.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  const user = value("POSTGRES_USER") ?? "postgres";
  const database = { container, user, name: value("POSTGRES_DB") ?? user };
  return { stack, database, to: config.backups.to };
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
