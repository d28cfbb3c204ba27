/** The error for migrations that did not all run: why, what the database has now, and the way back. */
import { failedScript, refusals, words } from "./flyway.ts";
import { named } from "./schemaHistory.ts";

export interface Failure {
  /** Flyway's exit code, null if a signal ended it. */
  code: number | null;
  output: string;
  /** Whether somebody interrupted it. */
  interrupted: boolean;
  /** Files that ran, by the history as it is now. */
  applied: string[];
  /** The file that the history lists as failed: one that ran in no transaction. */
  failed: string | undefined;
  /** A wait for a lock that was ended, as a message with the fix. */
  blocked: string | undefined;
  /** Name of the backup that was taken before. */
  backup: string | undefined;
  stack: string;
}

/** The message: a sentence for each fact, then Flyway's own words if they say more. */
export function failureText(failure: Failure): string {
  const { output, blocked, interrupted } = failure;
  const known = interrupted ? [] : blocked === undefined ? refusals(output) : [blocked];
  const lines = [`migrations: ${why(failure, known)} ${now(failure)}`, ...known, ...wayBack(failure)];
  if (known.length === 0 && !interrupted) lines.push(words(output));
  return lines.join("\n");
}

function why({ code, output, interrupted, blocked }: Failure, known: string[]): string {
  const script = failedScript(output);
  if (interrupted) return "interrupted.";
  if (blocked !== undefined) return `${script ?? "Flyway"} was canceled.`;
  if (script === undefined && known.length > 0) return "Flyway refuses them.";
  return script === undefined ? `Flyway ended with ${code ?? "a signal"}.` : `${script} failed.`;
}

function now({ applied, failed, output, interrupted }: Failure): string {
  const kept =
    applied.length === 0
      ? "No migration was applied; the back that runs stays as it is."
      : `Applied, and kept: ${named(applied)}. The back that runs has that schema now.`;
  const script = failedScript(output);
  if (failed !== undefined)
    return `${kept} ${failed} ran in no transaction: what it did before it failed stays.`;
  if (script !== undefined && !/^(before|after)/.test(script.split("/").at(-1) ?? ""))
    return `${kept} ${script} was rolled back, but for what it committed itself.`;
  return interrupted ? `${kept} What was running was rolled back, unless it runs in no transaction.` : kept;
}

function wayBack({ applied, failed, backup, stack, blocked, interrupted }: Failure): string[] {
  const again = interrupted ? ["Run up again."] : blocked === undefined ? ["Fix it, then run up again."] : [];
  if (backup === undefined || (applied.length === 0 && failed === undefined)) return again;
  return [
    ...again,
    `To go back to the schema from before instead: npm run restore -- ${backup} --stack ${stack}. That loses what was written since that backup.`,
  ];
}
