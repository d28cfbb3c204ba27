/** Asks PostgreSQL itself which settings it refuses: by its own parser, without data. */
import { dotted, NAMESPACE, quoted } from "../config/text.ts";

/**
 * A shell script for a container that has PostgreSQL, of a running server too: of each of its arguments (`name=value`)
 * that is refused, one line with the argument's number and why. `-C` prints one setting and ends before any data is read.
 */
export const CHECK_SETTINGS = `
  set -f
  folder=$(mktemp -d)
  : > "$folder/postgresql.conf"
  number=0
  for setting in "$@"; do
    reason=$(postgres -D "$folder" -C port -c "$setting" 2>&1 > /dev/null) || echo "$number" $reason
    number=$((number + 1))
  done
  rm -r "$folder"`;

/** What PostgreSQL begins the lines of its log with, if nothing is set: `%m [%p] `. */
const LOG_PREFIX = /\d{4}-\d\d-\d\d [\d:.]+ \w+ \[\d+\] /g;

/** The messages for what the script printed. @param settings Its arguments. */
export function refusedSettings(settings: string[], printed: string): string[] {
  return printed.split("\n").flatMap((line) => {
    const [, number = "", words = ""] = /^(\d+) (.*)$/.exec(line) ?? [];
    const [, name, value = ""] = /^([^=]*)=(.*)$/s.exec(settings[Number(number)] ?? "") ?? [];
    if (number === "" || name === undefined) return [];
    // A hint is in a line of the log of its own.
    const reason = words
      .replace(LOG_PREFIX, "")
      .replace(/^(FATAL|ERROR): */, "")
      .replace(/ (HINT|DETAIL): /g, ". ")
      .replace(/\.$/, "");
    const key = `${NAMESPACE}:${dotted(["database", "settings", name])}`;
    return [`${key}: ${quoted(value)} is refused by PostgreSQL: ${reason}. Correct or remove it.`];
  });
}
