/**
 * `npm run down`: removes what the stack made but its data and images; `-- --volumes` drops the data too, by name;
 * `-- --without-state` finds what to remove by labels, for a stack whose state is lost.
 */
import { exportedState, refuseOtherEngine } from "./lib/engine.ts";
import { main, run, Stop } from "./lib/exec.ts";
import { recover } from "./lib/recover.ts";
import { environment, pulumi, stackArguments, stackExists } from "./lib/stack.ts";
import { configFileOption } from "./lib/stackFile.ts";
import { refuseLeftBehind, removeLeftBehind } from "./lib/withoutState.ts";
import { dockerFailure } from "./setup/docker.ts";

await main(async () => {
  const { stack, rest, flags } = stackArguments(process.argv.slice(2), ["volumes", "without-state"]);
  const env = await environment(stack, rest);
  const there = !flags["without-state"] && (await stackExists(stack, env));
  if (!there && !flags["without-state"]) await refuseLeftBehind(stack, env);
  if (there) await refuseOtherEngine(stack, await exportedState(stack, env), env);
  if (flags["volumes"]) await nameData(stack, env);
  if (flags["without-state"]) await removeLeftBehind(stack, env);
  else if (there) {
    await recover(stack, env, configFileOption(rest));
    const code = await pulumi(stack, ["destroy", "--yes", "--skip-preview", ...rest], env);
    if (code !== 0) return code;
  } else process.stdout.write(`There is no stack ${stack} to take down.\n`);
  const found = await volumesOf(stack, env);
  const volumes = dataOf(found);
  // Files of services go with the stack; an update that was killed may have left some behind.
  for (const { name, service } of found)
    if (service !== "db") await run("docker", ["volume", "rm", name], { env });
  if (volumes.length === 0) return 0;
  if (!flags["volumes"]) {
    process.stdout.write(
      `The data is kept in volume ${volumes.join(", ")}; \`npm run down -- --volumes\` drops it.\n`,
    );
    return 0;
  }
  for (const volume of volumes) {
    const { code: failed, output } = await run("docker", ["volume", "rm", volume], { env });
    if (failed !== 0) throw new Stop(`docker volume rm ${volume}: ${output.trim()}`);
    process.stdout.write(`Volume ${volume} and the data in it are gone.\n`);
  }
  return 0;
});

interface Volume {
  name: string;
  service: string;
}

function dataOf(volumes: Volume[]): string[] {
  return volumes.filter(({ service }) => service === "db").map(({ name }) => name);
}

/** Before anything is touched, as `npm run stack -- rm` does. */
async function nameData(stack: string, env: NodeJS.ProcessEnv): Promise<void> {
  const names = dataOf(await volumesOf(stack, env));
  if (names.length > 0)
    process.stdout.write(`Stack ${stack} goes, with the data in volume ${names.join(", ")}.\n`);
}

async function volumesOf(stack: string, env: NodeJS.ProcessEnv): Promise<Volume[]> {
  const format = '{{.Name}} {{.Label "agatha.service"}}';
  const filter = `label=agatha.stack=${stack}`;
  const { code, output } = await run("docker", ["volume", "ls", "--filter", filter, "--format", format], {
    env,
  });
  if (code !== 0) throw await dockerFailure("docker volume ls", output);
  const lines = output.trim().split("\n").filter(Boolean);
  return lines.map((line) => line.split(" ")).map(([name = "", service = ""]) => ({ name, service }));
}
