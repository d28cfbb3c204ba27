/**
 * `npm run up`: sets up what is missing, builds the sample, brings the stack up and says where it is.
 *
 * `-- --existing` takes only a stack that the backend has: on a machine without its state, nothing is made twice.
 */
import { main } from "./lib/exec.ts";
import { ensureStack, environment, outputs, pulumi, requireStack, stackArguments } from "./lib/stack.ts";
import { refuseLeftBehind } from "./lib/withoutState.ts";
import { postgresqlOf } from "./setup/postgresql.ts";
import { setup } from "./setup/setup.ts";

await main(async () => {
  const { stack, rest, flags } = stackArguments(process.argv.slice(2), ["existing"]);
  await setup({ sample: true, postgresql: postgresqlOf(stack) });
  const env = await environment();
  const refuse = () => refuseLeftBehind(stack, env);
  await (flags["existing"] ? requireStack(stack, env) : ensureStack(stack, env, refuse));
  const quiet = ["--yes", "--skip-preview", "--suppress-outputs", "--suppress-progress"];
  const code = await pulumi(stack, ["up", ...quiet, ...rest], env);
  if (code !== 0) return code;
  const { frontUrl, backUrl, databaseUrl } = await outputs(stack, env);
  const where = (url: unknown) => (typeof url === "string" ? url : "not published");
  process.stdout.write(`\nAgatha is up on stack ${stack}.\n`);
  process.stdout.write(
    `  front     ${where(frontUrl)}\n  back      ${where(backUrl)}\n  database  ${where(databaseUrl)}\n`,
  );
  process.stdout.write(
    "See `npm run status` and `npm run logs`; `npm run down` takes it down and keeps the data.\n",
  );
  return 0;
});
