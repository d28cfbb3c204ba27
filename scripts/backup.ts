/** `npm run backup`: a consistent dump of the stack's database, with a checksum beside it. */
import { saveBackup, whatIsSaved } from "../steps/backup/save.ts";
import { targetOf } from "../steps/backup/target.ts";
import { interruptible, stackDatabase } from "./lib/backup/stackDatabase.ts";
import { main, Stop } from "./lib/exec.ts";

await main(async () => {
  const { stack, database, to, rest } = await stackDatabase(process.argv.slice(2));
  if (rest.length > 0)
    throw new Stop(
      `backup: "${rest[0]}" is not known. It takes --stack NAME; agatha:backups.to says where to.`,
    );
  const saved = await interruptible(() => saveBackup(database, targetOf(to, stack), stack, false));
  process.stdout.write(`${saved.place}\n${whatIsSaved(saved)}\n`);
  return 0;
});
