/** `npm run setup`: whatever the other commands need, and nothing else. */
import { main } from "./lib/exec.ts";
import { setup } from "./setup/setup.ts";

await main(async () => {
  await setup({ sample: true });
  return 0;
});
