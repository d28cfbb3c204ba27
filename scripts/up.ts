/**
 * `npm run up`: sets up what is missing, builds the sample where the stack uses it, brings the stack up and says where it is.
 *
 * `-- --existing` takes only a stack that the backend has: on a machine without its state, nothing is made twice.
 * `-- --out FILE` tells a pull request where the stack is.
 */

import { writeFileSync } from "node:fs";
import { command } from "../lib/cli/command.ts";
import { which } from "../lib/process.ts";
import { review } from "../lib/pull-requests/reviewStack.ts";
import {
  dockerHostOf,
  readStackFile,
  refuseLostTexts,
  usesRegistry,
  usesSample,
} from "../lib/stacks/file.ts";
import { exportedState } from "../lib/stacks/ownEngine.ts";
import { notUp, partsOf } from "../lib/stacks/parts.ts";
import { recover } from "../lib/stacks/recover.ts";
import { withHost } from "../lib/stacks/remove.ts";
import { ensureStack, environment, hostVariable, npmRun, pulumi, requireStack } from "../lib/stacks/stack.ts";
import { outputsOf } from "../lib/stacks/state.ts";
import { refuseLeftBehind } from "../lib/stacks/withoutState.ts";
import { UserError } from "../lib/userError.ts";
import { postgresqlOf } from "../offline/postgresql.ts";
import { setup } from "../setup/setup.ts";

await command("up", async ({ stack, file, configFile, options, pulumi: passed }) => {
  Object.assign(process.env, hostVariable(file));
  refuseLostTexts(file);
  const config = readStackFile(file);
  const packages = usesRegistry(config) && which("skopeo") === undefined ? ["skopeo"] : [];
  await setup({ sample: usesSample(config), packages, postgresql: postgresqlOf(file) });
  const env = await environment(stack, file);
  const refuse = () => refuseLeftBehind(stack, env);
  await (options.existing ? requireStack(stack, env) : ensureStack(stack, env, refuse));
  await recover(stack, env, configFile);
  const quiet = ["--yes", "--skip-preview", "--suppress-outputs", "--suppress-progress"];
  const code = await pulumi(stack, ["up", ...quiet, ...configFile, ...passed], env);
  if (code !== 0) return code;
  const deployment = await exportedState(stack, env);
  const wrong = notUp(
    stack,
    await partsOf("container", stack, withHost(env, dockerHostOf(config), deployment)),
  );
  if (wrong !== undefined) throw new UserError(wrong);
  const { frontUrl, backUrl, databaseUrl } = outputsOf(deployment);
  const published = (url: unknown) => (typeof url === "string" ? url : undefined);
  const where = (url: unknown) => published(url) ?? "not published";
  const { out } = options;
  if (out !== undefined) {
    const urls = { front: published(frontUrl), back: published(backUrl) };
    writeFileSync(out, review(stack, urls, env["DOCKER_HOST"]));
  }
  process.stdout.write(`\nAgatha is up on stack ${stack}.\n`);
  process.stdout.write(
    `  front     ${where(frontUrl)}\n  back      ${where(backUrl)}\n  database  ${where(databaseUrl)}\n`,
  );
  process.stdout.write(
    `See ${npmRun("status", stack)} and ${npmRun("logs", stack)}; ${npmRun("down", stack)} takes it down and keeps the data.\n`,
  );
  return 0;
});
