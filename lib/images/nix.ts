/** What every Nix command of this project has in common. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { endedWith, run, tail } from "../process.ts";
import { UserError } from "../userError.ts";

/** @param system What it is built for. Default: `AGATHA_SYSTEM`, else Linux on this machine's architecture. */
export const nixArguments = (packages: string, application: string, system?: string): string[] => [
  ...["nix", "--argstr", "packages", packages, "--argstr", "application", application],
  ...(system === undefined ? [] : ["--argstr", "system", system]),
];

/**
 * The message of one of our own Nix files, if one refused: `agatha:back.jar: …`. Its line begins with `error: ` (Nix 2.8), is
 * indented below a trace (newer ones), or is in a build's log, whose lines Nix repeats as `> …` or `NAME> …`.
 */
export function ownSentence(stderr: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Nix colours its errors.
  const plain = stderr.replace(/\u001b\[[0-9;]*m/g, "");
  return /^[ \t]*(?:error: |[\w.+-]*> )?(agatha:[^\r\n]*)/m.exec(plain)?.[1];
}

/**
 * Builds an attribute of `nix/default.nix`.
 * @param outLink Becomes a link to the result, which protects it from the store's garbage collector.
 * @throws UserError with our own Nix files' message, else with the end of Nix's output.
 */
export async function nixBuild(
  attribute: string,
  outLink: string,
  which: string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  mkdirSync(dirname(outLink), { recursive: true });
  const result = await run("nix-build", [...which, "-A", attribute, "--out-link", outLink], { env });
  if (result.code === 0) return;
  const log = tail(result.stderr, 30);
  throw new UserError(
    ownSentence(result.stderr) ?? `nix-build of ${attribute} ${endedWith(result)}:\n${log}`,
  );
}
