/** `npm run stack -- new|rm|list`: makes, removes and lists stacks, one for each environment or pull request. */
import { writeFileSync } from "node:fs";
import { command, stackName } from "../lib/cli/command.ts";
import { absent, removed } from "../lib/pull-requests/reviewStack.ts";
import { makeStack } from "../lib/stacks/make.ts";
import { listStacks, removeStack } from "../lib/stacks/remove.ts";

const [first, ...args] = process.argv.slice(2);
switch (first) {
  case "new":
    await command(
      "stack new",
      ({ words: [name = "", dockerHost], options: { like, "if-not-exists": ifNotExists = false } }) =>
        makeStack(stackName("stack", name), { dockerHost, like, ifNotExists }),
      args,
    );
    break;
  case "rm":
    await command(
      "stack rm",
      async ({ words: [name = ""], options: { yes: sure = false, "if-exists": ifExists = false, out } }) => {
        const stack = stackName("stack", name);
        const { code, found } = await removeStack(stack, { sure, ifExists });
        if (code === 0 && out !== undefined) writeFileSync(out, found ? removed(stack) : absent(stack));
        return code;
      },
      args,
    );
    break;
  case "list":
    await command("stack list", listStacks, args);
    break;
  default:
    // Only its help, and what is wrong.
    await command("stack", () => Promise.resolve(0));
}
