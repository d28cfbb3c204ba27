/** Removes the volumes that place-files made and printed, which no container uses any more. */
import { removal } from "../lib/docker/arguments.ts";
import { dockerError } from "../lib/docker/client.ts";
import { hostSentence } from "../lib/docker/errors.ts";
import { run } from "../lib/process.ts";
import { UserError } from "../lib/userError.ts";
import { step } from "./step.ts";

await step(async () => {
  // The command plugin sets it only if place-files printed something.
  const names = (process.env["PULUMI_COMMAND_STDOUT"] ?? "").split(" ").filter(Boolean);
  if (names.length === 0) return;
  const args = removal("volume", ...names);
  const result = await run("docker", args);
  if (result.code === 0) return;
  const message = await dockerError(args, result);
  // The files were made at this address, where perhaps nothing answers any more: the next step that places files, or
  // `npm run down`, finds what is left by its labels.
  if (hostSentence(result.stderr) === undefined) throw new UserError(message);
  process.stderr.write(`${message}\n`);
});
