/** `npm run restore -- FILE`: puts a dump in the place of a stack's database; `-- --yes` does so without asking. */
import { restore } from "./lib/backup/restore.ts";
import { source } from "./lib/backup/source.ts";
import { interruptible, stackDatabase } from "./lib/backup/stackDatabase.ts";
import { command } from "./lib/command.ts";

await command("restore", async ({ stack, file, words: [given = ""], options }) => {
  const { database, to } = await stackDatabase(stack, file);
  const dump = await source(given, to, stack);
  try {
    return await interruptible(() => restore(stack, database, dump, options.yes === true));
  } finally {
    dump.done();
  }
});
