/** What Flyway says, for people: its error once, without banner, links and paths into the store. */

/** Lines that tell a reader of a failed update nothing. */
const NOISE = /^(Flyway .* by Redgate|See release notes|Database: |WARNING: |Location +: |-+$|\s*at |\s*$)/;

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
