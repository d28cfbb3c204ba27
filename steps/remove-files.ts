/** Removes the volumes that place-files made and printed; no container uses them any more. */
import { docker } from "./docker.ts";
import { input, step } from "./process.ts";

await step(async () => {
  const names = input("PULUMI_COMMAND_STDOUT").split(" ").filter(Boolean);
  // --force: one that is gone already is as well.
  if (names.length > 0) await docker(["volume", "rm", "--force", ...names]);
});
