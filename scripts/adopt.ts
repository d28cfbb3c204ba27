/**
 * `npm run adopt -- SOURCE`: takes over the data of a PostgreSQL that ran before, a folder (the seed's ./db_data) or a
 * docker volume, into the volume of a stack that is not up. `--replace` drops what data the stack has.
 */
import { adopt } from "./lib/adopt/adopt.ts";
import { interruptible } from "./lib/backup/stackDatabase.ts";
import { main, Stop } from "./lib/exec.ts";
import { readStackConfig } from "./lib/images/build.ts";
import { environment, hostVariable, stackArguments } from "./lib/stack.ts";
import { withoutConfigFile } from "./lib/stackFile.ts";
import { postgresqlOf } from "./setup/postgresql.ts";
import { setup } from "./setup/setup.ts";

await main(async () => {
  const { stack, rest, flags } = stackArguments(process.argv.slice(2), ["replace"]);
  const [given, ...more] = withoutConfigFile(rest);
  if (given === undefined || more.length > 0 || given.startsWith("-"))
    throw new Stop("adopt: name one source: `npm run adopt -- ./db_data`, or a docker volume.");
  Object.assign(process.env, hostVariable(stack, rest));
  await setup({ sample: true, postgresql: postgresqlOf(stack, rest) });
  Object.assign(process.env, await environment(stack, rest));
  const config = readStackConfig(stack, rest, process.env["AGATHA_PACKAGES"]);
  // The program that runs then fails, and what was begun is undone.
  return await interruptible(async () => {
    await adopt(given, stack, config, flags["replace"] ?? false);
    return 0;
  });
});
