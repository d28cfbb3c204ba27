/**
 * `npm run down`: removes what the stack made, except its data and images; `-- --volumes` drops the data too, by name;
 * `-- --without-state` finds what to remove by labels, for a stack whose state is lost.
 */
import { command } from "../lib/cli/command.ts";
import { takeDown } from "../lib/stacks/remove.ts";

await command("down", ({ stack, file, configFile, options, pulumi: args }) => {
  const { volumes = false, yes: sure = false, "without-state": withoutState = false } = options;
  return takeDown(stack, file, { volumes, sure, withoutState }, { configFile, args });
});
