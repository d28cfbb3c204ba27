/** Flyway's output for people: its error once, without banner, links, settings that nobody has here, and store paths. */

/** Lines that say nothing to the reader of a failed update, or claim a rollback that Flyway cannot know of. */
const NOISE =
  /^(Flyway .* by Redgate|See release notes|Database: |WARNING: |Location +: |Statement +: Run Flyway with|Schema history table |Successfully validated |Creating Schema History |Current version of schema |Migrating schema |ERROR: Migration of schema .* failed! |Please ensure you have configured |Please remove any half-completed |Either revert the changes |If you removed this migration |To ignore this migration, |Need more flexibility|-+$|[+|].*[+|]$|\s*at |\s*$)/;

/** The words of a failed run: the lines before its first `Caused by`, which only repeat them. */
export function words(output: string): string {
  const lines = output.split("\n");
  const end = lines.findIndex((line) => /^\s*Caused by/.test(line));
  const kept = lines.slice(0, end < 0 ? undefined : end).filter((line) => !NOISE.test(line));
  return kept
    .map((line) =>
      line
        .replace(/\/\S*\/share\/agatha\/migrations\//g, "")
        .replace(/ *See https?:\S+ for more information\./g, ""),
    )
    .join("\n")
    .trim();
}

/** Flyway's last line if it passed: how many migrations it applied, or that there was none to apply. */
export function success(output: string): string | undefined {
  return output.split("\n").findLast((line) => /^(Successfully applied|Schema .* is up to date)/.test(line));
}

/** The script at which Flyway stopped, a callback perhaps. */
export const failedScript = (output: string): string | undefined =>
  /^ERROR: (?:.*callback: )?Script (.*) failed$/m.exec(output)?.[1];

/** What Flyway refuses of a file, as messages with the fix; empty if its own words have to do. */
export function refusals(output: string): string[] {
  return output.split("\n").flatMap((line) =>
    REFUSALS.flatMap(([form, sentence]) => {
      const found = form.exec(line)?.slice(1);
      return found === undefined ? [] : [sentence(...found)];
    }),
  );
}

const REFUSALS: [RegExp, (...found: string[]) => string][] = [
  [
    /^ERROR: Unable to parse statement in (?:.*\/)?(.+?) at line (\d+) .*No value provided for placeholder: (\S+?)\.? /,
    (name, line, placeholder) =>
      `${name} has ${placeholder} in line ${line} or below, which Flyway takes for a placeholder. To keep it as text, write placeholderReplacement=false into ${name}.conf beside it.`,
  ],
  [
    /^ERROR: Unable to calculate checksum of (?:.*\/)?(.+)$/,
    (name) =>
      `${name} is not UTF-8. Save it as UTF-8, or name its encoding in ${name}.conf beside it (encoding=ISO-8859-1).`,
  ],
  [
    /^ERROR: \w+ upgrade required: (\S+) is not supported by OSS/,
    (setting) =>
      `a .sql.conf file sets ${setting}, which Flyway's open-source edition does not have. Take it out.`,
  ],
];
