/** `npm run backup`: a consistent dump of the stack's database, with a checksum beside it. */
import { command } from "../lib/cli/command.ts";
import { saveBackup, targetOf, whatIsSaved } from "../lib/database/backup/save.ts";
import { interruptible } from "../lib/process.ts";
import { stackDatabase } from "../lib/stacks/runningDatabase.ts";

await command("backup", async ({ stack, file }) => {
  const { database, to } = await stackDatabase(stack, file);
  const saved = await interruptible(() => saveBackup(database, targetOf(to, stack), stack, false));
  const from = database.server === undefined ? "" : `, of ${database.name} at ${database.server}`;
  process.stdout.write(`${saved.place}\n${whatIsSaved(saved)}${from}\n`);
  return 0;
});
