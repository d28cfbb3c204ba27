/** `npm run stack -- new|rm|list`: makes, removes and lists stacks, one for each environment or pull request. */
import { writeFileSync } from "node:fs";
import { absent, removed } from "./lib/comment/review.ts";
import { main, Stop } from "./lib/exec.ts";
import { makeStack } from "./lib/makeStack.ts";
import { stackArguments } from "./lib/stack.ts";
import { listStacks, removeStack } from "./lib/stacks.ts";
import { takeValue } from "./lib/takeValue.ts";

const USAGE =
  "Use `npm run stack -- new NAME [ssh://user@host] [--like STACK] [--if-not-exists]`, `npm run stack -- rm NAME [--yes] [--if-exists] [--out FILE]` or `npm run stack -- list`.";

await main(async () => {
  const [like, unlike] = takeValue(process.argv.slice(2), "like");
  const [out, args] = takeValue(unlike, "out");
  const { rest, flags } = stackArguments(args, ["yes", "if-not-exists", "if-exists"]);
  const { yes = false, "if-not-exists": ifNotExists = false, "if-exists": ifExists = false } = flags;
  const [command, name, ...more] = rest;
  if (command === "list" && name === undefined) return listStacks();
  if (name === undefined)
    throw new Stop(`stack: no ${command ?? "command"}${command ? " without a name" : ""}. ${USAGE}`);
  // The same rules as for --stack.
  const { stack } = stackArguments(["--stack", name]);
  if (command === "new" && more.length <= 1)
    return makeStack(stack, { dockerHost: more[0], like, ifNotExists });
  if (command === "rm" && more.length === 0) {
    const { code, found } = await removeStack(stack, { sure: yes, ifExists });
    if (code === 0 && out !== undefined) writeFileSync(out, found ? removed(stack) : absent(stack));
    return code;
  }
  throw new Stop(`stack: "${rest.join(" ")}" is not known. ${USAGE}`);
});
