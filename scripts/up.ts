/**
 * `npm run up`: sets up what is missing, builds the sample, brings the stack up and says where it is.
 *
 * `-- --existing` takes only a stack that the backend has: on a machine without its state, nothing is made twice.
 * `-- --out FILE` tells a pull request where the stack is.
 */
import { writeFileSync } from "node:fs";
import { review } from "./lib/comment/review.ts";
import { main, which } from "./lib/exec.ts";
import { recover } from "./lib/recover.ts";
import {
  ensureStack,
  environment,
  hostVariable,
  outputs,
  pulumi,
  requireStack,
  stackArguments,
} from "./lib/stack.ts";
import {
  configFile,
  configFileOption,
  readStackFile,
  refuseLostTexts,
  usesRegistry,
} from "./lib/stackFile.ts";
import { takeValue } from "./lib/takeValue.ts";
import { refuseLeftBehind } from "./lib/withoutState.ts";
import { postgresqlOf } from "./setup/postgresql.ts";
import { setup } from "./setup/setup.ts";

await main(async () => {
  const [out, args] = takeValue(process.argv.slice(2), "out");
  const { stack, rest, flags } = stackArguments(args, ["existing"]);
  Object.assign(process.env, hostVariable(stack, rest));
  refuseLostTexts(configFile(stack, rest));
  const registry = usesRegistry(readStackFile(configFile(stack, rest)));
  const packages = registry && which("skopeo") === undefined ? ["skopeo"] : [];
  await setup({ sample: true, packages, postgresql: postgresqlOf(stack, rest) });
  const env = await environment(stack, rest);
  const refuse = () => refuseLeftBehind(stack, env);
  await (flags["existing"] ? requireStack(stack, env) : ensureStack(stack, env, refuse));
  await recover(stack, env, configFileOption(rest));
  const quiet = ["--yes", "--skip-preview", "--suppress-outputs", "--suppress-progress"];
  const code = await pulumi(stack, ["up", ...quiet, ...rest], env);
  if (code !== 0) return code;
  const { frontUrl, backUrl, databaseUrl } = await outputs(stack, env);
  const published = (url: unknown) => (typeof url === "string" ? url : undefined);
  const where = (url: unknown) => published(url) ?? "not published";
  if (out !== undefined) {
    const urls = { front: published(frontUrl), back: published(backUrl) };
    writeFileSync(out, review(stack, urls, env["DOCKER_HOST"]));
  }
  process.stdout.write(`\nAgatha is up on stack ${stack}.\n`);
  process.stdout.write(
    `  front     ${where(frontUrl)}\n  back      ${where(backUrl)}\n  database  ${where(databaseUrl)}\n`,
  );
  process.stdout.write(
    "See `npm run status` and `npm run logs`; `npm run down` takes it down and keeps the data.\n",
  );
  return 0;
});
