/** `npm run restore -- FILE`: puts a dump in the place of a stack's database. */
import { command } from "../lib/cli/command.ts";
import { restore } from "../lib/database/restore/restore.ts";
import { source } from "../lib/database/restore/source.ts";
import { interruptible } from "../lib/process.ts";
import { stackDatabase } from "../lib/stacks/runningDatabase.ts";
import { UserError } from "../lib/userError.ts";

await command("restore", async ({ stack, file, words: [given = ""], options }) => {
  const { database, configured, to } = await stackDatabase(stack, file);
  const { server, name } = database;
  const runs = server && `${server}/${name}`;
  if (runs !== configured)
    throw new UserError(
      `restore: stack ${stack} runs on ${runs ?? "a database of its own"}, and agatha:database.external names ${configured ?? "none"}. Take the stack down and up with that first (docs/external-database.md), or set it back.`,
    );
  const dump = await source(given, to, stack);
  try {
    return await interruptible(() => restore(stack, database, dump, options.yes === true));
  } finally {
    dump.done();
  }
});
