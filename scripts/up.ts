/** `npm run up`: sets up what is missing, builds the sample if the stack uses it, brings the stack up and says where it is. */
import { writeFileSync } from "node:fs";
import { command } from "../lib/cli/command.ts";
import { which } from "../lib/process.ts";
import { review } from "../lib/pull-requests/reviewStack.ts";
import { chooseTarget } from "../lib/stacks/chooseTarget.ts";
import { runningParts } from "../lib/stacks/dockerObjects.ts";
import { dockerHostOf, readStackFile, refuseLostTexts, usesRegistry } from "../lib/stacks/file.ts";
import { pulumi } from "../lib/stacks/pulumi.ts";
import { recover } from "../lib/stacks/recover.ts";
import { withHost } from "../lib/stacks/remove.ts";
import { ensureStack, environment, exportedState, hostVariable, npmRun } from "../lib/stacks/stack.ts";
import { outputsOf } from "../lib/stacks/state.ts";
import { notUp } from "../lib/stacks/status.ts";
import { UserError } from "../lib/userError.ts";
import { needsOf, setup } from "../setup/setup.ts";

await command("up", async (given) => {
  const { stack, file, configFile, options } = given;
  Object.assign(process.env, hostVariable(file));
  refuseLostTexts(file);
  const config = readStackFile(file);
  const packages = usesRegistry(config) && which("skopeo") === undefined ? ["skopeo"] : [];
  await setup({ ...needsOf(config), packages });
  const env = await environment(stack, file);
  await ensureStack(stack, env, file, options.existing);
  await recover(stack, env, configFile);
  const passed = await chooseTarget(given, env);
  const quiet = ["--yes", "--skip-preview", "--suppress-outputs", "--suppress-progress"];
  const code = await pulumi(stack, ["up", ...quiet, ...configFile, ...passed], env);
  if (code !== 0) return code;
  const deployment = await exportedState(stack, env);
  const there = withHost(env, dockerHostOf(config), deployment);
  const wrong = notUp(stack, await runningParts(stack, there));
  if (wrong !== undefined) throw new UserError(wrong);
  const { frontUrl, backUrl, databaseUrl } = outputsOf(deployment) as Record<string, string | undefined>;
  if (options.out !== undefined)
    writeFileSync(options.out, review(stack, { front: frontUrl, back: backUrl }, env["DOCKER_HOST"]));
  const where = (url: string | undefined) => url ?? "not published";
  process.stdout.write(`
Agatha is up on stack ${stack}.
  front     ${where(frontUrl)}
  back      ${where(backUrl)}
  database  ${where(databaseUrl)}
See ${npmRun("status", stack)} and ${npmRun("logs", stack)}; ${npmRun("down", stack)} takes it down and keeps the data.
`);
  return 0;
});
