/** `npm run backup`: a consistent dump of the stack's database, with a checksum beside it. */
import { saveBackup, whatIsSaved } from "../steps/backup/save.ts";
import { targetOf } from "../steps/backup/target.ts";
import { interruptible, stackDatabase } from "./lib/backup/stackDatabase.ts";
import { command } from "./lib/command.ts";

await command("backup", async ({ stack, file }) => {
  const { database, to } = await stackDatabase(stack, file);
  const saved = await interruptible(() => saveBackup(database, targetOf(to, stack), stack, false));
  process.stdout.write(`${saved.place}\n${whatIsSaved(saved)}\n`);
  return 0;
});
