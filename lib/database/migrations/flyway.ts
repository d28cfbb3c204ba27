/** What Flyway said, for people: its error once, what the database has now, and the way back. */
import { named } from "./schemaHistory.ts";

/** Lines that say nothing to the reader of a failed update, or claim a rollback that Flyway cannot know of. */
const NOISE =
  /^(Flyway .* by Redgate|See release notes|Database: |WARNING: |Location +: |Statement +: Run Flyway with|Schema history table |Successfully validated |Creating Schema History |Current version of schema |Migrating schema |ERROR: Migration of schema .* failed! |Please ensure you have configured |Please remove any half-completed |Either revert the changes |If you removed this migration |To ignore this migration, |Need more flexibility|-+$|[+|].*[+|]$|\s*at |\s*$)/;

/** The words of a failed run: the lines before its first `Caused by`, which only repeat them. */
export function words(output: string): string {
  const lines = output.split("\n");
  const end = lines.findIndex((line) => /^\s*Caused by/.test(line));
  const kept = lines.slice(0, end < 0 ? undefined : end).filter((line) => !NOISE.test(line));
  return kept
    .join("\n")
    .replace(/\/\S*\/share\/agatha\/migrations\//g, "")
    .replace(/ *See https?:\S+ for more information\./g, "")
    .trim();
}

/** Flyway's last line if it passed: how many migrations it applied, or that there was none to apply. */
export function success(output: string): string | undefined {
  return output.split("\n").findLast((line) => /^(Successfully applied|Schema .* is up to date)/.test(line));
}

/** The script at which Flyway stopped, a callback perhaps. */
const failedScript = (output: string): string | undefined =>
  /^ERROR: (?:.*callback: )?Script (.*) failed$/m.exec(output)?.[1];

/** What Flyway refuses of a file, as messages with the fix; empty if its own words have to do. */
const refusals = (output: string): string[] =>
  REFUSALS.flatMap(([form, sentence]) =>
    [...output.matchAll(form)].map(([, ...found]) => sentence(...found)),
  );

const REFUSALS: [RegExp, (...found: string[]) => string][] = [
  [
    /^ERROR: Unable to parse statement in (?:.*\/)?(.+?) at line (\d+) .*No value provided for placeholder: (\S+?)\.? /gm,
    (name, line, placeholder) =>
      `${name} has ${placeholder} in line ${line} or below, which Flyway takes for a placeholder. To keep it as text, write placeholderReplacement=false into ${name}.conf beside it.`,
  ],
  [
    /^ERROR: Unable to calculate checksum of (?:.*\/)?(.+)$/gm,
    (name) =>
      `${name} is not UTF-8. Save it as UTF-8, or name its encoding in ${name}.conf beside it (encoding=ISO-8859-1).`,
  ],
];

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
