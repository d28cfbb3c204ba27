/** `npm run restore -- FILE`: puts a dump in the place of a stack's database; `-- --yes` does so without asking. */
import { command } from "../lib/cli/command.ts";
import { restore } from "../lib/database/restore/restore.ts";
import { source } from "../lib/database/restore/source.ts";
import { interruptible } from "../lib/process.ts";
import { stackDatabase } from "../lib/stacks/runningDatabase.ts";

await command("restore", async ({ stack, file, words: [given = ""], options }) => {
  const { database, to } = await stackDatabase(stack, file);
  const dump = await source(given, to, stack);
  try {
    return await interruptible(() => restore(stack, database, dump, options.yes === true));
  } finally {
    dump.done();
  }
});
