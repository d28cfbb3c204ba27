/** For run.sh: a command's help text before there are node modules. Ends with 1 if the arguments do not ask for it. */
import { askedHelp } from "../lib/cli/help.ts";

const [name = "", ...args] = process.argv.slice(2);
const text = askedHelp(name, args);
if (text === undefined) process.exitCode = 1;
else process.stdout.write(text);
