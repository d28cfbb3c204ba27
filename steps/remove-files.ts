/** Removes the volumes that place-files made and printed; no container uses them any more. */

import { dockerError } from "../lib/docker/client.ts";
import { hostSentence } from "../lib/docker/errors.ts";
import { run } from "../lib/process.ts";
import { UserError } from "../lib/userError.ts";
import { input, step } from "./step.ts";

await step(async () => {
  const names = input("PULUMI_COMMAND_STDOUT").split(" ").filter(Boolean);
  if (names.length === 0) return;
  // --force: one that is gone already is as well.
  const args = ["volume", "rm", "--force", ...names];
  const result = await run("docker", args);
  if (result.code === 0) return;
  // This step goes to the address that the files were brought by, where perhaps nobody answers any more: the next step
  // that brings files, or `npm run down`, finds what is left by its labels.
  if (hostSentence(result.stderr) === undefined) throw new UserError(await dockerError(args, result));
  process.stderr.write(`${await dockerError(args, result)}\n`);
});
