/** The database of a stack that runs, found by its labels; and what the stack's configuration says of backups. */
import { externalPlace } from "../database/external.ts";
import type { Database } from "../database/postgres.ts";
import { inspect, runningContainer } from "../docker/client.ts";
import { serverIn, variableIn } from "../docker/containerVariables.ts";
import { UserError } from "../userError.ts";
import { readStackConfig } from "./file.ts";
import { environment, npmRun } from "./stack.ts";

/**
 * Finds the database. From here on every docker command goes to the stack's host.
 *
 * @returns With it, `host:port/name` of the database outside of the stack that is configured, which need not be the one
 * that is deployed, and `agatha:backups.to`.
 * @throws UserError if the database does not run.
 */
export async function stackDatabase(
  stack: string,
  file: string,
): Promise<{ database: Database; configured: string | undefined; to: string | undefined }> {
  Object.assign(process.env, await environment(stack, file));
  const config = readStackConfig(stack, file, process.env["AGATHA_PACKAGES"], () => true);
  const container = await runningContainer(stack, "db");
  if (container === undefined)
    throw new UserError(
      `stack ${stack}: its database does not run here. ${npmRun("up", stack, "--refresh")} brings it up.`,
    );
  const env = (await inspect<string[]>("container", container, ".Config.Env")) ?? [];
  const user = variableIn(env, "POSTGRES_USER") ?? "postgres";
  const name = variableIn(env, "POSTGRES_DB") ?? user;
  const database = { container, user, name, server: serverIn(env) };
  return { database, configured: externalPlace(config), to: config.backups.to };
}
