/** `npm run format`: writes the format, and what lint can fix safely. */
import { command } from "../lib/cli/command.ts";
import { runHere } from "../lib/process.ts";

await command("format", ({ words }) => runHere("node_modules/.bin/biome", ["check", "--write", ...words]));
