/** `npm run doctor`: what is there, what is missing, and how to fix it. */
import { command } from "../lib/cli/command.ts";
import { environment } from "../lib/stacks/stack.ts";
import { doctor } from "../setup/doctor.ts";

await command("doctor", async () => {
  Object.assign(process.env, await environment());
  return doctor();
});
