/** `npm run backup`: a consistent dump of the stack's database, with a checksum beside it. */
import { saveBackup } from "../steps/backup/save.ts";
import { megabytes, targetOf } from "../steps/backup/target.ts";
import { inNumbers } from "../steps/postgres.ts";
import { interruptible, stackDatabase } from "./lib/backup/stackDatabase.ts";
import { command } from "./lib/command.ts";

await command("backup", async ({ stack, file }) => {
  const { database, to } = await stackDatabase(stack, file);
  const saved = await interruptible(() => saveBackup(database, targetOf(to, stack), stack, false));
  process.stdout.write(
    `${saved.place}\n${megabytes(saved.bytes)}, ${inNumbers(saved.rows)}, ${saved.seconds.toFixed(1)} s\n`,
  );
  return 0;
});
