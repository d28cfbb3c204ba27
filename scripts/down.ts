/** `npm run down`: removes what the stack made, except its images, and its data unless that is asked for. */
import { command } from "../lib/cli/command.ts";
import { takeDown } from "../lib/stacks/remove.ts";

await command("down", takeDown);
