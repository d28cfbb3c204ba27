/**
 * `npm run down`: removes what the stack made but its data and images; `-- --volumes` drops the data too, by name;
 * `-- --without-state` finds what to remove by labels, for a stack whose state is lost.
 */

import { command } from "../lib/cli/command.ts";
import { confirm } from "../lib/confirm.ts";
import { run } from "../lib/process.ts";
import { exportedState, refuseOtherEngine } from "../lib/stacks/ownEngine.ts";
import { dataIn, partsOf } from "../lib/stacks/parts.ts";
import { recover } from "../lib/stacks/recover.ts";
import { environment, npmRun, pulumi, stackExists } from "../lib/stacks/stack.ts";
import { leftBehind, refuseLeftBehind, removeLeftBehind } from "../lib/stacks/withoutState.ts";
import { UserError } from "../lib/userError.ts";

await command("down", async ({ stack, file, configFile, options, pulumi: passed }) => {
  const env = await environment(stack, file);
  const withoutState = options["without-state"] === true;
  const there = !withoutState && (await stackExists(stack, env));
  if (there) await refuseOtherEngine(stack, await exportedState(stack, env), env);
  else if (!withoutState) await refuseLeftBehind(stack, env);
  if (options.volumes) await nameData(stack, options.yes, env);
  if (withoutState) await removeLeftBehind(stack, env);
  else if (there) {
    await recover(stack, env, configFile);
    const how = ["--yes", "--skip-preview", ...configFile, ...passed];
    const code = await pulumi(stack, ["destroy", ...how], env);
    if (code !== 0) return code;
  } else process.stdout.write(`There is no stack ${stack} to take down.\n`);
  await sayGone(stack, env);
  await dropVolumes(stack, options.volumes === true, env);
  return 0;
});

/** Before anything is touched, as `npm run stack -- rm` does. */
async function nameData(stack: string, yes: boolean | undefined, env: NodeJS.ProcessEnv): Promise<void> {
  const names = dataIn(await partsOf("volume", stack, env));
  if (names.length === 0) return;
  process.stdout.write(`Stack ${stack} goes, with the data in volume ${names.join(", ")}.\n`);
  await confirm("down", "the data would go", stack, yes);
}

/** @throws UserError where something of the stack is left: Pulumi knows no more than its state. */
async function sayGone(stack: string, env: NodeJS.ProcessEnv): Promise<void> {
  const { containers, networks } = await leftBehind(stack, env);
  const left = [...containers, ...networks];
  if (left.length > 0)
    throw new UserError(
      `down: ${left.join(", ")} of stack ${stack} are still there. ${npmRun("down", stack, "--without-state")} removes them, and keeps the data.`,
    );
  process.stdout.write(`No container and no network of stack ${stack} is left.\n`);
}

async function dropVolumes(stack: string, dropData: boolean, env: NodeJS.ProcessEnv): Promise<void> {
  const before = await partsOf("volume", stack, env);
  const data = dataIn(before);
  // Files of services go with the stack; an update that was killed may have left some behind.
  const going = before.filter(({ name }) => dropData || !data.includes(name)).map(({ name }) => name);
  const { output } =
    going.length === 0 ? { output: "" } : await run("docker", ["volume", "rm", ...going], { env });
  const left = (await partsOf("volume", stack, env)).map(({ name }) => name);
  const kept = data.filter((name) => left.includes(name));
  const gone = data.filter((name) => !left.includes(name));
  if (gone.length > 0) process.stdout.write(`Volume ${gone.join(", ")} and the data in it are gone.\n`);
  const stuck = going.filter((name) => left.includes(name));
  if (stuck.length > 0)
    throw new UserError(
      `down: volume ${stuck.join(", ")} is still there. docker volume rm: ${output.trim()}`,
    );
  if (kept.length > 0)
    process.stdout.write(
      `The data is kept in volume ${kept.join(", ")}; ${npmRun("down", stack, "--volumes")} drops it.\n`,
    );
}
