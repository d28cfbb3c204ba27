/** `npm run restore -- FILE`: puts a dump in the place of a stack's database; `-- --yes` does so without asking. */
import { restore } from "./lib/backup/restore.ts";
import { source } from "./lib/backup/source.ts";
import { interruptible, stackDatabase } from "./lib/backup/stackDatabase.ts";
import { main, Stop } from "./lib/exec.ts";

await main(async () => {
  const { stack, database, to, flags, rest } = await stackDatabase(process.argv.slice(2), ["yes"]);
  const [file, ...more] = rest;
  if (file === undefined || more.length > 0 || file.startsWith("-"))
    throw new Stop("restore: give one file: `npm run restore -- FILE [--stack NAME] [--yes]`.");
  const dump = await source(file, to, stack);
  try {
    return await interruptible(() => restore(stack, database, dump, flags["yes"] === true));
  } finally {
    dump.done();
  }
});
