/** The database of a stack that runs, found by its labels; and what the stack's configuration says of backups. */
import type { Database } from "../database/postgres.ts";
import { inspect, runningContainer } from "../docker/client.ts";
import { UserError } from "../userError.ts";
import { readStackConfig } from "./config.ts";
import { environment, npmRun } from "./stack.ts";

interface StackDatabase {
  stack: string;
  database: Database;
  /** `host:port/name` of the database outside of the stack that is configured, which need not be the one that is deployed. */
  configured: string | undefined;
  /** `agatha:backups.to`. */
  to: string | undefined;
}

/**
 * Finds the database. From here on every docker command goes to the stack's host.
 *
 * @param file The stack's.
 * @throws UserError if the database does not run.
 */
export async function stackDatabase(stack: string, file: string): Promise<StackDatabase> {
  Object.assign(process.env, await environment(stack, file));
  const config = readStackConfig(stack, file, process.env["AGATHA_PACKAGES"], () => true);
  const container = await runningContainer(stack, "db");
  if (container === undefined)
    throw new UserError(
      `stack ${stack}: its database does not run here. ${npmRun("up", stack, "--refresh")} brings it up.`,
    );
  const env = (await inspect<string[]>("container", container, ".Config.Env")) ?? [];
  const value = (name: string) => env.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  const user = value("POSTGRES_USER") ?? "postgres";
  const server = value("PGHOST") && `${value("PGHOST")}:${value("PGPORT")}`;
  const database = { container, user, name: value("POSTGRES_DB") ?? user, server };
  const { external, name } = config.database;
  const configured = external && `${external.host}:${external.port}/${name}`;
  return { stack, database, configured, to: config.backups.to };
}
