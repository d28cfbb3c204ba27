/** `npm run sample`: builds the sample application, where its sources changed. */
import { main, runHere } from "./lib/exec.ts";

await main(() => runHere(process.execPath, ["sample/build.ts"]));
