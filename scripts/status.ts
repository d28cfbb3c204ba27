/** `npm run status`: what of the stack runs, how it is, where it is published and which image it runs. */
import { setTimeout as sleep } from "node:timers/promises";
import { command } from "../lib/cli/command.ts";
import { ABSENT, type Part, partsOf, SERVICES } from "../lib/stacks/parts.ts";
import { environment, npmRun } from "../lib/stacks/stack.ts";
import { table } from "../lib/table.ts";

/**
 * Longest wait for docker's own first look at a service, in milliseconds: it comes one interval (default: 5 s) after the
 * start, when `up` has long found the service healthy.
 */
const FIRST_LOOK_MS = 15_000;

await command("status", async ({ stack, file }) => {
  const env = await environment(stack, file);
  const start = performance.now();
  let services = await partsOf("container", stack, env);
  while (services.some(isStarting) && performance.now() - start < FIRST_LOOK_MS) {
    await sleep(500);
    services = await partsOf("container", stack, env);
  }
  if (services.length === 0) {
    process.stdout.write(`Nothing of stack ${stack} runs here. ${npmRun("up", stack)} brings it up.\n`);
    return 1;
  }
  for (const service of SERVICES)
    if (!services.some((part) => part.service === service))
      services.push({ service, name: "", status: ABSENT, ports: "", image: "" });
  services.sort((a, b) => SERVICES.indexOf(a.service) - SERVICES.indexOf(b.service));
  const rows = services.map(({ service, status, ports, image }) => [service, status, ports, image]);
  process.stdout.write(table(["service", "state", "published", "image"], rows));
  return services.every(({ status }) => status.includes("(healthy)")) ? 0 : 1;
});

function isStarting({ status }: Part): boolean {
  return status.includes("(health: starting)");
}
