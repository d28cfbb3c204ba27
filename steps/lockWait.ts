/** Watches for a migration that waits for a lock: says who blocks it, and ends the wait when it takes too long. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Database, sql } from "./postgres.ts";
import { literal } from "./sql.ts";

/** How long a wait is before it is told, and before it is ended, in milliseconds. Guesses. */
export interface Limits {
  told: number;
  ended: number;
}

/** Whatever else wants the table waits behind the migration: users of the back bear that for some seconds. */
export const LIMITS: Limits = { told: 10_000, ended: 20_000 };

const EVERY_MS = 2000;

/** A session that waits, and who it waits for. */
export interface Wait {
  pid: number;
  statement: string;
  /** Whether it may be ended: `CREATE INDEX CONCURRENTLY` would leave an index that is not valid. */
  endable: boolean;
  blockers: {
    pid: number;
    application: string;
    user: string;
    state: string;
    since: string;
    statement: string;
  }[];
}

const SHORT = "left(regexp_replace(%.query, '\\s+', ' ', 'g'), 100)";

/** A transaction that was prepared for two-phase commit blocks with the pid 0, and has no session. */
const waits = (application: string): string => `
  select json_build_object('pid', a.pid, 'statement', ${SHORT.replace("%", "a")}, 'endable', a.query !~* '\\mconcurrently\\M',
    'blockers', (select json_agg(json_build_object('pid', p, 'application', coalesce(b.application_name, ''),
        'user', coalesce(b.usename, ''), 'state', coalesce(b.state, 'prepared transaction'),
        'since', coalesce(to_char(b.xact_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), ''),
        'statement', coalesce(${SHORT.replace("%", "b")}, '')))
      from unnest(pg_blocking_pids(a.pid)) p left join pg_stat_activity b on b.pid = p))
  from pg_stat_activity a
  where a.application_name =${literal(application)} and cardinality(pg_blocking_pids(a.pid)) > 0;`;

/** `session 412 ("PostgreSQL JDBC Driver", role app, idle in transaction since …, last statement: …)` */
export const blockersInWords = ({ blockers }: Wait): string =>
  blockers
    .map(({ pid, application, user, state, since, statement }) => {
      if (pid === 0) return "a prepared transaction (pg_prepared_xacts lists it)";
      const from = since === "" ? state : `${state}, in a transaction since ${since}`;
      return `session ${pid} (${JSON.stringify(application)}, role ${user}, ${from}, statement: ${statement})`;
    })
    .join(" and ");

/**
 * Watches the sessions of an application until `signal`, and prints a line about each long wait.
 *
 * @returns The wait that was ended, if one was.
 */
export async function watchLocks(
  database: Database,
  application: string,
  signal: AbortSignal,
  limits: Limits = LIMITS,
): Promise<Wait | undefined> {
  let since: number | undefined;
  let told = false;
  while (await pause(signal)) {
    // A question that fails now is asked again.
    const rows = await sql(database, waits(application)).catch((): string[] => []);
    const [wait] = rows.map((row) => JSON.parse(row) as Wait);
    if (wait === undefined) [since, told] = [undefined, false];
    if (wait === undefined || signal.aborted) continue;
    since ??= performance.now() - EVERY_MS;
    const waited = performance.now() - since;
    if (waited >= limits.ended && wait.endable) {
      await sql(database, `select pg_cancel_backend(${wait.pid});`);
      return wait;
    }
    if (waited < limits.told || told) continue;
    process.stdout.write(`waiting for a lock: "${wait.statement}" is blocked by ${blockersInWords(wait)}\n`);
    told = true;
  }
  return undefined;
}

/** False where the watch is over. */
const pause = (signal: AbortSignal): Promise<boolean> => sleep(EVERY_MS, true, { signal }).catch(() => false);
