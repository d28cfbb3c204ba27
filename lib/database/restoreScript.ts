/**
 * Restoring an archive, the one way for restore, upgrade and the proof of a backup. pg_restore empties the search_path,
 * and then CHECKs, indexes, generated columns and materialized views fail whose functions name tables without a schema.
 * So its script goes through psql, under the search_path that the database has in use.
 */
import { DONE, dockerError } from "../docker/client.ts";
import type { Result } from "../process.ts";
import { UserError } from "../userError.ts";
import { type Database, literal, sql } from "./postgres.ts";

/**
 * Shell function: restores the dump on standard input into $PGDATABASE as $PGUSER. Its first argument is the search_path
 * as an SQL literal, the others are `script`'s, which makes SQL text of the dump: options of pg_restore.
 *
 * The one line that empties the search_path is among the first of the text, before anything of the dump's own (read in
 * RestoreArchive of PostgreSQL 13 to 17, src/bin/pg_dump/pg_backup_archiver.c); the same text in rows or functions comes
 * later and stays. The shell reads a pipe byte by byte, so `cat` goes on where it stopped. No single transaction:
 * thousands of tables or large objects in one exhaust the lock table. Whoever restores drops what failed.
 */
export const RESTORE = `
  script() { pg_restore --file=- "$@"; }
  restore() {
    local path=$1 line lines=0
    shift
    script "$@" | {
      while [ $lines -lt 60 ] && IFS= read -r line; do
        lines=$((lines + 1))
        if [ "$line" = "SELECT pg_catalog.set_config('search_path', '', false);" ]; then
          line="SELECT pg_catalog.set_config('search_path', $path, false);"
          lines=60
        fi
        printf '%s\\n' "$line"
      done
      exec cat
    } | PGOPTIONS="-c default_transaction_read_only=off" psql -qtAXw -v ON_ERROR_STOP=1 --output=/dev/null
  }`;

/** Redefines `script` for SQL text, from a byte on (the first is 1), with what sed does to its lines. */
export const FROM_TEXT = `script() { tail -c "+$1" | LC_ALL=C sed -E "$2"; }`;

/** The search_path of a database's sessions, as a literal for `RESTORE`. */
export async function searchPath(database: Database, name = database.name): Promise<string> {
  const [path = ""] = await sql(database, "select current_setting('search_path');", name);
  return literal(path).trim();
}

/**
 * Requires that a script came to its end. Docker's exit code does not tell: a client of 20.10 ends with 0 after a signal.
 *
 * @throws UserError with the first error, its details and what to do; else in docker's words.
 */
export async function requireDone(what: string, result: Result): Promise<void> {
  if (result.code === 0 && result.stderr.split("\n").includes(DONE)) return;
  throw new UserError(`${what}: ${said(result.stderr) ?? (await dockerError(["exec"], result))}`);
}

const ERROR = /^(?:psql:[^ ]* )?(?:ERROR|FATAL): +(.*)|^pg_\w+: (?:\[archiver\] )?error: (.*)/;
const MORE = /^(DETAIL|HINT|CONTEXT|Command was)/;

function said(stderr: string): string | undefined {
  const lines = stderr.split("\n").filter((line) => !line.includes("Broken pipe"));
  const [first, next] = lines.flatMap((line, at) => (ERROR.test(line) ? [at] : []));
  if (first === undefined) return undefined;
  const [, ofServer, ofProgram = ""] = ERROR.exec(lines[first] ?? "") ?? [];
  const more = lines.slice(first + 1, next).filter((line) => MORE.test(line));
  const words = [ofServer ?? ofProgram, ...more].join("\n");
  const remedies = REMEDIES.flatMap(([form, remedy]) => {
    const found = form.exec(words);
    return found === null ? [] : [remedy(...found.slice(1))];
  });
  return [words, ...remedies.slice(0, 1)].join("\n");
}

/** What PostgreSQL cannot restore by its nature, and what helps. */
const REMEDIES: [RegExp, (...found: string[]) => string][] = [
  [
    /^new row for relation "(.*)" violates check constraint "(.*)"/,
    (table, name) =>
      `A CHECK that reads other tables is checked before their rows are there. Make it NOT VALID, which is restored after the rows and still checks new ones: ALTER TABLE ${table} DROP CONSTRAINT ${name}, ADD CONSTRAINT ${name} CHECK (…) NOT VALID.`,
  ],
  [
    /^unsupported version \(/,
    () =>
      "A newer pg_dump than the stack's PostgreSQL took it. Bring the stack's PostgreSQL up first, or take it with the old server's own: docker compose exec -T agatha-db pg_dump -Fc …",
  ],
  [
    /^could not read from input file/,
    () => "The file is cut off or damaged. Take another backup, or another copy of this one.",
  ],
  [
    /^invalid byte sequence for encoding/,
    () =>
      "If the old database does not know its encoding (SQL_ASCII), take the dump with the one that its texts have: pg_dump --encoding=LATIN1 …",
  ],
  [
    /^must be (?:member of|able to set) role /i,
    () =>
      "The stack's role gives things to no other one. Take the dump with -Fc, of which owners are left out, or with --no-owner --no-acl.",
  ],
  [
    / does not exist\b[\s\S]*^CONTEXT: .*function "?(.+?)"? (?:line|during|statement) /m,
    (called) =>
      `The function finds what it needs by the search_path, which PostgreSQL 17 and newer empty for indexes and materialized views. Give it one of its own: ALTER FUNCTION ${called} SET search_path = … (the schemas that it uses).`,
  ],
];
