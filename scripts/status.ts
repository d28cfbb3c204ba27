/** `npm run status`: what of the stack runs, how it is, where it is published and which image it runs. */
import { setTimeout as sleep } from "node:timers/promises";
import { main, run } from "./lib/exec.ts";
import { environment, stackArguments } from "./lib/stack.ts";
import { table } from "./lib/table.ts";
import { dockerFailure } from "./setup/docker.ts";

const ORDER = ["db", "back", "front"];

const FORMAT = '{{.Label "agatha.service"}}\t{{.Status}}\t{{.Ports}}\t{{.Image}}';

/**
 * Longest wait for docker's own first look at a service, in milliseconds: it comes one interval (default: 5 s) after the
 * start, when `up` has long found the service healthy.
 */
const FIRST_LOOK_MS = 15_000;

await main(async () => {
  const { stack, rest } = stackArguments(process.argv.slice(2));
  const env = await environment(stack, rest);
  const start = performance.now();
  let rows = await services(stack, env);
  while (rows.some(isStarting) && performance.now() - start < FIRST_LOOK_MS) {
    await sleep(500);
    rows = await services(stack, env);
  }
  if (rows.length === 0) {
    process.stdout.write(`Nothing of stack ${stack} runs here. \`npm run up\` brings it up.\n`);
    return 1;
  }
  rows.sort((a, b) => ORDER.indexOf(a[0] ?? "") - ORDER.indexOf(b[0] ?? ""));
  process.stdout.write(table(["service", "state", "published", "image"], rows));
  return rows.every(([, status]) => status?.includes("(healthy)")) ? 0 : 1;
});

/** Service, status in docker's words, ports, image. */
async function services(stack: string, env: NodeJS.ProcessEnv): Promise<string[][]> {
  const args = ["ps", "--all", "--filter", `label=agatha.stack=${stack}`, "--format", FORMAT];
  const { code, output } = await run("docker", args, { env });
  if (code !== 0) throw await dockerFailure("docker ps", output);
  return output
    .split("\n")
    .filter(Boolean)
    .map((entry) => entry.split("\t"));
}

function isStarting([, status]: string[]): boolean {
  return status?.includes("(health: starting)") ?? false;
}
