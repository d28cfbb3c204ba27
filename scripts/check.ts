/** `npm run check`: format, lint, types, unit and component tests. No docker, no Nix, no engine; seconds. */
import { fastChecks, inWords } from "./lib/checks.ts";
import { command } from "./lib/command.ts";

await command("check", async () => {
  const count = await fastChecks();
  process.stdout.write(`${inWords(count)}\n`);
  return count.failed > 0 ? 1 : 0;
});
