/** `npm run stack -- new|rm|list`: makes, removes and lists stacks, one for each environment or pull request. */
import { main, Stop } from "./lib/exec.ts";
import { stackArguments } from "./lib/stack.ts";
import { listStacks, makeStack, removeStack } from "./lib/stacks.ts";

const USAGE =
  "Use `npm run stack -- new NAME [ssh://user@host]`, `npm run stack -- rm NAME [--yes]` or `npm run stack -- list`.";

await main(async () => {
  const { rest, flags } = stackArguments(process.argv.slice(2), ["yes"]);
  const [command, name, ...more] = rest;
  if (command === "list" && name === undefined) return listStacks();
  if (name === undefined)
    throw new Stop(`stack: no ${command ?? "command"}${command ? " without a name" : ""}. ${USAGE}`);
  // The same rules as for --stack.
  const { stack } = stackArguments(["--stack", name]);
  if (command === "new" && more.length <= 1) return makeStack(stack, more[0]);
  if (command === "rm" && more.length === 0) return removeStack(stack, flags["yes"] === true);
  throw new Stop(`stack: "${rest.join(" ")}" is not known. ${USAGE}`);
});
