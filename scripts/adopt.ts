/**
 * `npm run adopt -- SOURCE`: takes over the data of a PostgreSQL that ran before, a folder (the seed's ./db_data) or a
 * docker volume, into the volume of a stack that is not up. `--replace` drops what data the stack has.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { adopt } from "./lib/adopt/adopt.ts";
import { interruptible } from "./lib/backup/stackDatabase.ts";
import { main, Stop } from "./lib/exec.ts";
import { configOf, readStackConfig } from "./lib/images/build.ts";
import { environment, stackArguments } from "./lib/stack.ts";
import { postgresqlOf } from "./setup/postgresql.ts";
import { setup } from "./setup/setup.ts";

await main(async () => {
  const { stack, rest, flags } = stackArguments(process.argv.slice(2), ["replace"]);
  const { values, positionals } = parseArgs({
    options: {
      "config-file": { type: "string" },
      stack: { type: "string", short: "s" },
      replace: { type: "boolean" },
    },
    allowPositionals: true,
    strict: false,
  });
  const [given, ...more] = positionals;
  if (given === undefined || more.length > 0)
    throw new Stop("adopt: name one source: `npm run adopt -- ./db_data`, or a docker volume.");
  await setup({ sample: true, postgresql: postgresqlOf(stack, rest) });
  Object.assign(process.env, await environment());
  const file = values["config-file"];
  const packages = process.env["AGATHA_PACKAGES"];
  const config =
    typeof file === "string"
      ? configOf(stack, readFileSync(file, "utf8"), packages)
      : readStackConfig(stack, packages);
  if (config.dockerHost !== undefined) process.env["DOCKER_HOST"] = config.dockerHost;
  // The program that runs then fails, and what was begun is undone.
  return await interruptible(async () => {
    await adopt(given, stack, config, flags["replace"] ?? false);
    return 0;
  });
});
