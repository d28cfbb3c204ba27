/** `npm run sample`: builds the sample application, if its sources changed. */
import { command } from "../lib/cli/command.ts";
import { runHere } from "../lib/process.ts";

await command("sample", ({ options }) =>
  runHere(process.execPath, ["sample/build.ts", ...(options.test ? ["--test"] : [])]),
);
