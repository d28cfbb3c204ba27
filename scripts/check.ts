/** `npm run check`: format, lint, types, imports, unit and component tests. No docker, no Nix, no engine; seconds. */
import { command } from "../lib/cli/command.ts";
import { ended, fastChecks } from "../test/checks/checks.ts";

await command("check", async () => ended(await fastChecks()));
