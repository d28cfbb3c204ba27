/** What Flyway says, for people: its error once, without banner, links and paths into the store. */

/** Lines that tell a reader of a failed update nothing. */
const NOISE =
  /^(Flyway .* by Redgate|See release notes|Database: |WARNING: |Location +: |Statement +: Run Flyway with|Need more flexibility|\d+ SQL migrations were detected but not run|Set 'validateMigrationNaming'|-+$|\s*at |\s*$)/;

/** The words of a failed run: the lines before its first `Caused by`, which only repeat them. */
export function words(output: string): string {
  const lines = output.split("\n");
  const end = lines.findIndex((line) => /^\s*Caused by/.test(line));
  const told = lines.slice(0, end < 0 ? undefined : end).filter((line) => !NOISE.test(line));
  return told.join("\n").trim();
}

/** Flyway's last word where it passed: how many migrations it applied, or that there was none to apply. */
export function success(output: string): string | undefined {
  return output.split("\n").findLast((line) => /^(Successfully applied|Schema .* is up to date)/.test(line));
}

/** Whether it refused to run all in one transaction, since one of them cannot be in any (`CREATE INDEX CONCURRENTLY`). */
export const cannotGroup = (output: string): boolean =>
  /^ERROR: Detected both transactional and non-transactional migrations within the same migration group/m.test(
    output,
  );

/**
 * What its validation found, in sentences that name files.
 *
 * @param fileOf The file of a version.
 */
export function invalid(output: string, fileOf: (version: string) => string | undefined): string[] {
  const file = (version: string) => fileOf(version) ?? `the migration of version ${version}`;
  const kinds: [RegExp, (version: string) => string][] = [
    [
      /^Migration checksum mismatch for migration version (\S+)/,
      (version) =>
        `${file(version)} was edited after it ran. Put it back as it was, and write the change as a new migration.`,
    ],
    [
      /^Migration description mismatch for migration version (\S+)/,
      (version) => `${file(version)} was renamed after it ran. Give it back its name.`,
    ],
    [
      /^Detected applied migration not resolved locally: (\S+?)\.?$/,
      (version) => `${file(version)} ran on this database and is not among the migrations. Put it back.`,
    ],
    [
      /^Detected resolved migration not applied to database: (\S+?)\.?$/,
      (version) =>
        `${file(version)} comes before migrations that ran already. Give it a version higher than theirs.`,
    ],
  ];
  return output.split("\n").flatMap((line) =>
    kinds.flatMap(([form, sentence]) => {
      const version = form.exec(line)?.[1];
      return version === undefined ? [] : [sentence(version)];
    }),
  );
}
