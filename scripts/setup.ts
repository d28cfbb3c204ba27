/** `npm run setup`: installs whatever the other commands need. */
import { command } from "../lib/cli/command.ts";
import { UserError } from "../lib/userError.ts";
import { takenMajor } from "../offline/postgresql.ts";
import { setup } from "../setup/setup.ts";

await command("setup", async ({ options }) => {
  const { postgresql } = options;
  if (postgresql !== undefined && takenMajor(Number(postgresql)) === undefined)
    throw new UserError(
      `--postgresql: ${JSON.stringify(postgresql)} is not a version that set-up knows. Use 17.`,
    );
  const major = postgresql === undefined ? undefined : Number(postgresql);
  await setup({ sample: !options["no-sample"], postgresql: major });
  return 0;
});
