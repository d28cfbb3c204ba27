/** `npm run setup`: installs whatever the other commands need. */
import { command } from "../lib/cli/command.ts";
import { UserError } from "../lib/userError.ts";
import { takenMajor } from "../offline/postgresql.ts";
import { setup } from "../setup/setup.ts";

await command("setup", async ({ options }) => {
  const { postgresql: given } = options;
  const postgresql = given === undefined ? undefined : Number(given);
  if (postgresql !== undefined && takenMajor(postgresql) === undefined)
    throw new UserError(`--postgresql: ${JSON.stringify(given)} is not a version that set-up knows. Use 17.`);
  await setup({ sample: !options["no-sample"], postgresql });
  return 0;
});
