/** Pulumi run for what it prints. */
import { endedWith, type Result, type RunOptions, run } from "../process.ts";
import { UserError } from "../userError.ts";

/** Runs pulumi and gives what it prints. @throws UserError with all that it printed if it fails. */
export async function pulumiOutput(
  args: string[],
  env: NodeJS.ProcessEnv,
  options: Pick<RunOptions, "cwd" | "input"> = {},
): Promise<string> {
  const result = await run("pulumi", args, { ...options, env });
  if (result.code !== 0) throw pulumiError(args, result);
  return result.stdout;
}

/** The error of a failed pulumi command: `pulumi stack ls: ended with 1:` and what it printed. */
export function pulumiError(args: string[], result: Pick<Result, "code" | "output">): UserError {
  const options = args.findIndex((arg) => arg.startsWith("-"));
  const command = args.slice(0, options < 0 ? undefined : options).join(" ");
  return new UserError(`pulumi ${command}: ${endedWith(result)}:\n${result.output.trim()}`);
}
