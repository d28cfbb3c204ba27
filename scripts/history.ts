/** `npm run history`: what the stack ran, when, from what, and whether it can be gone back to; `-- --json` for programs. */

import { command } from "../lib/cli/command.ts";
import { run } from "../lib/process.ts";
import { describe, type HostState, historyText, recorded } from "../lib/stacks/history.ts";
import { environment, fullName, stackExists } from "../lib/stacks/stack.ts";
import { UserError } from "../lib/userError.ts";

await command("history", async ({ stack, file, options }) => {
  const env = await environment(stack, file);
  if (!(await stackExists(stack, env)))
    throw new UserError(
      `--stack: there is no stack ${JSON.stringify(stack)}. \`npm run up\` makes stack dev.`,
    );
  const args = ["stack", "export", "--stack", fullName(stack, env)];
  const { code, output, stdout } = await run("pulumi", args, { env });
  if (code !== 0) throw new UserError(`pulumi stack export: ended with ${code}:\n${output.trim()}`);
  const { list, dockerHost } = recorded(stdout);
  const host = await hostState(stack, {
    ...env,
    ...(dockerHost === undefined ? {} : { DOCKER_HOST: dockerHost }),
  });
  const described = describe(list, host);
  process.stdout.write(
    options.json ? `${JSON.stringify(described, null, 2)}\n` : historyText(stack, described),
  );
  return 0;
});

async function hostState(stack: string, env: NodeJS.ProcessEnv): Promise<HostState | undefined> {
  const lines = async (args: string[]) => {
    const { code, output } = await run("docker", args, { env });
    return code === 0 ? output.split("\n").filter(Boolean) : undefined;
  };
  const images = await lines([
    ...["image", "ls", "--filter", "reference=agatha-*-image"],
    ...["--format", "{{.Repository}}:{{.Tag}}"],
  ]);
  const running = await lines(["ps", "--filter", `label=agatha.stack=${stack}`, "--format", "{{.Image}}"]);
  return images && running && { images: new Set(images), running: new Set(running) };
}
