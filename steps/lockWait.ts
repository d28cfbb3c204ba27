/** Watches for a migration that waits for a lock: says who blocks it, and ends the wait when it takes too long. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Database, sql } from "./postgres.ts";
import { literal } from "./sql.ts";

const EVERY_MS = 2000;

/** How long a wait is before it is told. A guess. */
const TOLD_MS = 10_000;

/** Whatever else wants the table waits behind the migration: users of the back bear that for some seconds. A guess. */
const ENDED_MS = 20_000;

/** A session that waits, and who it waits for. */
interface Wait {
  pid: number;
  statement: string;
  /** Whether it may be ended: `CREATE INDEX CONCURRENTLY` would leave an index that is not valid. */
  endable: boolean;
  blockers: { pid: number; who: string }[];
}

const short = (alias: string): string => `left(regexp_replace(${alias}.query, '\\s+', ' ', 'g'), 100)`;

/** A transaction that was prepared for two-phase commit blocks with the pid 0, and has no session. */
const waits = (application: string): string => `
  select json_build_object('pid', a.pid, 'statement', ${short("a")}, 'endable', a.query !~* '\\mconcurrently\\M', 'blockers',
    (select json_agg(json_build_object('pid', p, 'who', case p when 0 then 'a prepared transaction (see pg_prepared_xacts)'
        else format('session %s (%I, role %s, %s, in a transaction since %s, statement: %s)', p, b.application_name, b.usename,
          b.state, to_char(b.xact_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), ${short("b")}) end))
      from unnest(pg_blocking_pids(a.pid)) p left join pg_stat_activity b on b.pid = p))
  from pg_stat_activity a
  where a.application_name =${literal(application)} and cardinality(pg_blocking_pids(a.pid)) > 0;`;

/**
 * Watches the sessions of an application until `signal`, and prints a line about each long wait.
 *
 * @param psql How a person runs a statement there: `docker exec … psql …`.
 * @returns What was ended and why, in a sentence with the fix; undefined where nothing was.
 */
export async function watchLocks(
  database: Database,
  application: string,
  psql: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  let since: number | undefined;
  let told = false;
  while (await pause(signal)) {
    // A question that fails now is asked again.
    const [row] = await sql(database, waits(application)).catch((): string[] => []);
    if (row === undefined) [since, told] = [undefined, false];
    if (row === undefined || signal.aborted) continue;
    const { pid, statement, endable, blockers } = JSON.parse(row) as Wait;
    const who = blockers.map((blocker) => blocker.who).join(" and ");
    since ??= performance.now() - EVERY_MS;
    const waited = performance.now() - since;
    if (waited >= ENDED_MS && endable) {
      await sql(database, `select pg_cancel_backend(${pid});`);
      const end = blockers
        .filter(({ pid }) => pid > 0)
        .map(({ pid }) => `select pg_terminate_backend(${pid});`);
      const how = end.length === 0 ? "" : ` (${psql} -c "${end.join(" ")}" ends it)`;
      return `"${statement}" waited ${ENDED_MS / 1000} s for a lock that ${who} holds. See that it is over${how}, then run up again.`;
    }
    if (waited < TOLD_MS || told) continue;
    process.stdout.write(`waiting for a lock: "${statement}" is blocked by ${who}\n`);
    told = true;
  }
  return undefined;
}

/** False where the watch is over. */
const pause = (signal: AbortSignal): Promise<boolean> => sleep(EVERY_MS, true, { signal }).catch(() => false);
