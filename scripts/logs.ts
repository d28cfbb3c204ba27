/** `npm run logs [service]`: the last lines of the stack's services; `-- --follow` goes on, for one service. */
import { main, run, runHere, Stop } from "./lib/exec.ts";
import { environment, stackArguments } from "./lib/stack.ts";
import { withoutConfigFile } from "./lib/stackFile.ts";
import { dockerFailure } from "./setup/docker.ts";

const SERVICES = ["db", "back", "front"];

/** Lines a service. */
const LINES = "100";

await main(async () => {
  const { stack, rest, flags } = stackArguments(process.argv.slice(2), ["follow"]);
  const env = await environment(stack, rest);
  const named = withoutConfigFile(rest);
  const wanted = named.length > 0 ? named : SERVICES;
  for (const service of wanted)
    if (!SERVICES.includes(service))
      throw new Stop(`logs: "${service}" is not a service. Use ${SERVICES.join(", ")}.`);
  if (flags["follow"] && wanted.length > 1)
    throw new Stop("logs: --follow is for one service. Name it: `npm run logs back -- --follow`.");
  for (const service of wanted) {
    const container = await containerOf(stack, service, env);
    if (wanted.length > 1) process.stdout.write(`── ${service} ──\n`);
    await runHere("docker", ["logs", "--tail", LINES, ...(flags["follow"] ? ["--follow"] : []), container], {
      env,
    });
  }
  return 0;
});

async function containerOf(stack: string, service: string, env: NodeJS.ProcessEnv): Promise<string> {
  const filters = ["--filter", `label=agatha.stack=${stack}`, "--filter", `label=agatha.service=${service}`];
  const { code, output } = await run("docker", ["ps", "--all", "--quiet", ...filters], { env });
  if (code !== 0) throw await dockerFailure("docker ps", output);
  const id = output.trim().split("\n")[0];
  if (!id) throw new Stop(`logs: ${service} of stack ${stack} is not there. \`npm run up\` brings it up.`);
  return id;
}
