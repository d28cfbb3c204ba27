/** Asks before data is dropped. */
import { createInterface } from "node:readline/promises";
import { UserError } from "./userError.ts";

/**
 * Has somebody type a stack's name, unless `yes` answers. Ctrl-C and Ctrl-D are an answer too.
 *
 * @param where The command.
 * @param what What is about to go; it was said in full before.
 * @throws UserError for any other answer, and if there is no terminal to ask at.
 */
export async function confirm(where: string, what: string, stack: string, yes = false): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY)
    throw new UserError(
      `${where}: ${what}, and there is no terminal to ask at. Nothing was changed. Add --yes.`,
    );
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const said = `${what[0]?.toUpperCase()}${what.slice(1)}`;
  const gone = new AbortController();
  for (const event of ["SIGINT", "close"]) terminal.once(event, () => gone.abort());
  const answer = await terminal
    .question(`${said}. Type the stack's name, ${stack}, to go on: `, { signal: gone.signal })
    .catch(() => "")
    .finally(() => terminal.close());
  if (answer.trim() !== stack)
    throw new UserError(`${where}: nothing was changed, since the answer was not ${stack}.`);
}
