/** `npm run format`: writes the format, and what lint can mend safely. */
import { main, runHere } from "./lib/exec.ts";

await main(() => runHere("node_modules/.bin/biome", ["check", "--write", ...process.argv.slice(2)]));
