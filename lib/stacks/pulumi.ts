/** Pulumi run by the commands. */
import { type Env, endedWith, type Result, type RunOptions, run, runHere } from "../process.ts";
import { UserError } from "../userError.ts";

/**
 * What Pulumi calls the stack: with `AGATHA_ORGANIZATION`, the one of that organisation of Pulumi Cloud; else the one of
 * the backend's own default.
 */
export const fullName = (stack: string, env: Env = process.env): string =>
  env["AGATHA_ORGANIZATION"] ? `${env["AGATHA_ORGANIZATION"]}/agatha/${stack}` : stack;

/** Gives what pulumi prints. @throws UserError with all that it printed if it fails. */
export async function pulumiOutput(
  args: string[],
  env: Env,
  options: Pick<RunOptions, "cwd" | "input"> = {},
): Promise<string> {
  const result = await run("pulumi", args, { ...options, env });
  if (result.code !== 0) throw pulumiError(args, result);
  return result.stdout;
}

/** The error of a failed pulumi command: `pulumi stack ls: ended with 1:` and what it printed. */
export function pulumiError(args: string[], result: Result): UserError {
  const options = args.findIndex((arg) => arg.startsWith("-"));
  const command = args.slice(0, options < 0 ? undefined : options).join(" ");
  return new UserError(`pulumi ${command}: ${endedWith(result)}:\n${result.output.trim()}`);
}

/** Runs pulumi on the stack in this terminal. If another update has the stack, one sentence says so. */
export async function pulumi(stack: string, args: string[], env: Env): Promise<number> {
  let held = "";
  const name = fullName(stack, env);
  const code = await runHere("pulumi", [...args, "--stack", name], {
    env,
    onError: (text) => {
      held += text;
      // Pulumi's own words for a lock are many lines; all else is shown at once.
      if (lockSentence(name, held) === undefined) process.stderr.write(text);
    },
  });
  const sentence = lockSentence(name, held);
  if (sentence !== undefined) process.stderr.write(`${sentence}\n`);
  return code;
}

/** Undefined if what Pulumi printed is about no lock. */
function lockSentence(stack: string, printed: string): string | undefined {
  const fix = `Wait until it has ended; if it was killed, \`pulumi cancel --stack ${stack}\` unlocks.`;
  if (printed.includes("the stack is currently locked by")) {
    // Files and buckets name each holder: `…json: created by me@host (pid 12) at 2026-11-24T…`.
    const holders = [...printed.matchAll(/created by (\S+) \(pid (\d+)\) at (\S+)/g)].map(
      ([, who, pid, since]) => `${who} (process ${pid}) since ${since}`,
    );
    return `pulumi: stack ${stack} is locked by ${holders.join(" and ") || "another update"}. ${fix}`;
  }
  return /another update is currently in progress/i.test(printed)
    ? `pulumi: another update of stack ${stack} is in progress. ${fix}`
    : undefined;
}
