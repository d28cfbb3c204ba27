/** `npm run status`: what of the stack runs, how it is, where it is published and which image it runs. */
import { main, run } from "./lib/exec.ts";
import { environment, stackArguments } from "./lib/stack.ts";
import { table } from "./lib/table.ts";
import { dockerFailure } from "./setup/docker.ts";

const ORDER = ["db", "back", "front"];

await main(async () => {
  const { stack, rest } = stackArguments(process.argv.slice(2));
  const env = await environment(stack, rest);
  const format = '{{.Label "agatha.service"}}\t{{.Status}}\t{{.Ports}}\t{{.Image}}';
  const filter = `label=agatha.stack=${stack}`;
  const { code, output } = await run("docker", ["ps", "--all", "--filter", filter, "--format", format], {
    env,
  });
  if (code !== 0) throw await dockerFailure("docker ps", output);
  const rows = output
    .split("\n")
    .filter(Boolean)
    .map((entry) => entry.split("\t"));
  if (rows.length === 0) {
    process.stdout.write(`Nothing of stack ${stack} runs here. \`npm run up\` brings it up.\n`);
    return 1;
  }
  rows.sort((a, b) => ORDER.indexOf(a[0] ?? "") - ORDER.indexOf(b[0] ?? ""));
  process.stdout.write(table(["service", "state", "published", "image"], rows));
  return rows.every(([, status]) => status?.includes("(healthy)")) ? 0 : 1;
});
