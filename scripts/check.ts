/** `npm run check`: format, lint, types, unit and component tests. No docker, no Nix, no engine; seconds. */

import { command } from "../lib/cli/command.ts";
import { fastChecks, inWords } from "../test/checks/checks.ts";

await command("check", async () => {
  const count = await fastChecks();
  process.stdout.write(`${inWords(count)}\n`);
  return count.failed > 0 ? 1 : 0;
});
