import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { endedWith, run, tail } from "../process.ts";
import { UserError } from "../userError.ts";
import { ownSentence } from "./nixArguments.ts";

/** Lines of a failed build that are shown. */
const SHOWN_LINES = 30;

/**
 * Builds an attribute of `nix/default.nix`.
 *
 * @param outLink Becomes a link to the result, which protects it from the store's garbage collector.
 * @param which What `nixArguments` gives.
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
  const log = tail(result.stderr, SHOWN_LINES);
  throw new UserError(
    ownSentence(result.stderr) ?? `nix-build of ${attribute} ${endedWith(result)}:\n${log}`,
  );
}
