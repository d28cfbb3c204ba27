/**
 * `npm run adopt -- SOURCE`: takes over the data of a PostgreSQL that ran before, a folder (the seed's ./db_data) or a
 * docker volume, into the volume of a stack that is not up. `--replace` drops what data the stack has.
 */
import { adopt } from "./lib/adopt/adopt.ts";
import { interruptible } from "./lib/backup/stackDatabase.ts";
import { command } from "./lib/command.ts";
import { readStackConfig } from "./lib/images/build.ts";
import { environment, hostVariable } from "./lib/stack.ts";
import { readStackFile, usesSample } from "./lib/stackFile.ts";
import { postgresqlOf } from "./setup/postgresql.ts";
import { setup } from "./setup/setup.ts";

await command("adopt", async ({ stack, file, words: [given = ""], options }) => {
  Object.assign(process.env, hostVariable(file));
  await setup({ sample: usesSample(readStackFile(file)), postgresql: postgresqlOf(file) });
  Object.assign(process.env, await environment(stack, file));
  const config = readStackConfig(stack, file, process.env["AGATHA_PACKAGES"]);
  // The program that runs then fails, and what was begun is undone.
  return await interruptible(async () => {
    await adopt(given, stack, config, options.replace ?? false, options.yes ?? false);
    return 0;
  });
});
