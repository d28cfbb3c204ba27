/** `npm run preview`: what `npm run up` would change, and why. */
import { main } from "./lib/exec.ts";
import { environment, pulumi, selectStack, stackArguments } from "./lib/stack.ts";
import { setup } from "./setup/setup.ts";

await main(async () => {
  const { stack, rest } = stackArguments(process.argv.slice(2));
  await setup({ sample: true });
  const env = await environment();
  await selectStack(stack, env);
  return pulumi(stack, ["preview", "--diff", ...rest], env);
});
