/**
 * Adds what is deployed now to the stack's history, which it prints, and removes images that no stack keeps. Everything it
 * does can be done again, so the next update makes up for one that was interrupted.
 */
import { text } from "node:stream/consumers";
import {
  type DeployedImages,
  decode,
  encode,
  keptRefs,
  NO_HISTORY,
  record,
} from "../lib/images/generations.ts";
import { dropRoots, prune } from "../lib/images/pruning.ts";
import { input, step } from "./step.ts";

await step(async () => {
  const stack = input("STACK");
  const images = JSON.parse(await text(process.stdin)) as DeployedImages;
  // Pulumi sets it to what the step printed the last time. The first run has none.
  const former = process.env["PULUMI_COMMAND_STDOUT"] ?? "";
  const before = decode(former);
  if (former !== "" && before === undefined)
    process.stderr.write("history: the former list cannot be read, so a new one begins\n");
  const history = record(before ?? NO_HISTORY, images, new Date().toISOString());
  const kept = keptRefs(history, Number(input("KEEP")));
  await prune(stack, kept);
  dropRoots(stack, kept);
  return encode(history);
});
