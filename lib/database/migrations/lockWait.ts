/** Watches for a migration that waits for a lock: says who blocks it, and ends the wait when it takes too long. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Database, literal, sql } from "../postgres.ts";

/**
 * In milliseconds, all guesses: between two looks, and how long a wait is before it is reported and ended. Whatever else needs the
 * table waits behind the migration, so users of the back wait as long.
 */
const TIMES = { every: 2000, reported: 10_000, ended: 20_000 };

/** A session that waits, and who it waits for. */
interface Wait {
  pid: number;
  /** By which one wait differs from the next: when the statement began, and the lock. */
  of: unknown;
  statement: string;
  /** Whether it may be ended: `CREATE INDEX CONCURRENTLY` would leave an index that is not valid. */
  endable: boolean;
  blockers: { pid: number; who: string; statement: string | null }[];
}

/**
 * Who blocks is asked once: asked twice, the second answer may be that nobody does. A transaction that was prepared for
 * two-phase commit blocks with the pid 0, and has no session.
 */
const waits = (application: string): string => `
  select json_build_object('pid', a.pid, 'statement', a.query, 'endable', a.query !~* '\\mconcurrently\\M',
    'of', json_build_array(a.query_start, (select to_json(l) from (select locktype, database, relation, page, tuple, virtualxid,
        transactionid::text, classid, objid, objsubid from pg_locks where pid = a.pid and not granted limit 1) l)),
    'blockers', (select json_agg(json_build_object('pid', p, 'statement', b.query,
        'who', case when b.pid is null then case p when 0 then 'a prepared transaction (see pg_prepared_xacts)' else format('session %s', p) end
          else format('session %s (%I, role %s, %s, in a transaction since %s', p, coalesce(b.application_name, ''), b.usename, b.state,
            to_char(b.xact_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) end))
      from unnest(a.blocking) p left join pg_stat_activity b on b.pid = p))
  from (select *, pg_blocking_pids(pid) as blocking from pg_stat_activity where application_name =${literal(application)}
    and datname = current_database() offset 0) a
  where cardinality(a.blocking) > 0 order by a.query_start limit 1;`;

/** Comments, names in quotes and literals of every kind; also those that are cut off. */
const TOKENS =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"[^"]*(?:"|$)|(?<![\w$])e'(?:[^'\\]|\\[\s\S]|'')*(?:'|\\?$)|'(?:[^']|'')*(?:'|$)|\$([a-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$[\s\S]*?(?:\$\1\$|$)/gi;

/** The beginning of a statement for a log: without what is in its literals, which is somebody's data. */
export function withoutLiterals(statement: string): string {
  const plain = statement.replace(TOKENS, (token) =>
    token.startsWith('"') ? token : /^(?:--|\/\*)/.test(token) ? " " : "'…'",
  );
  return plain.replace(/\s+/g, " ").trim().slice(0, 100);
}

const named = ({ who, statement }: Wait["blockers"][number]): string =>
  statement === null ? who : `${who}, statement: ${withoutLiterals(statement)})`;

/**
 * Watches the sessions of an application until `signal`, and prints a line about each long wait. A look that fails is repeated.
 *
 * @param psql How a person runs a statement there: `docker exec … psql …`.
 * @returns What was ended and why, as a message with the fix; undefined if nothing was.
 */
export async function watchLocks(
  database: Database,
  application: string,
  psql: string,
  signal: AbortSignal,
  times = TIMES,
): Promise<string | undefined> {
  let [which, since, reported] = ["", 0, false];
  while (await pause(times.every, signal)) {
    const rows = await sql(database, waits(application)).catch(() => undefined);
    if (rows === undefined || signal.aborted) continue;
    const wait = rows[0] === undefined ? undefined : (JSON.parse(rows[0]) as Wait);
    const now = wait === undefined ? "" : JSON.stringify([wait.pid, wait.of]);
    if (now !== which) [which, since, reported] = [now, performance.now(), false];
    if (wait === undefined) continue;
    const waited = performance.now() - since;
    const { pid, endable, blockers } = wait;
    const [statement, who] = [withoutLiterals(wait.statement), blockers.map(named).join(" and ")];
    // Unless the wait is over meanwhile.
    const cancel = `select pg_cancel_backend(${pid}) where cardinality(pg_blocking_pids(${pid})) > 0;`;
    const isLong = waited >= times.ended && endable;
    if (isLong && (await sql(database, cancel).catch((): string[] => [])).includes("t")) {
      const end = blockers
        .filter(({ pid }) => pid > 0)
        .map(({ pid }) => `select pg_terminate_backend(${pid});`);
      const how = end.length === 0 ? "" : ` (${psql} -c "${end.join(" ")}" ends it)`;
      return `"${statement}" waited ${times.ended / 1000} s for a lock that ${who} holds. Make sure that it has ended${how}, then run up again.`;
    }
    if (waited < times.reported || reported) continue;
    reported = true;
    process.stdout.write(`waiting for a lock: "${statement}" is blocked by ${who}\n`);
  }
  return undefined;
}

/** False once the watch is over. */
const pause = (ms: number, signal: AbortSignal): Promise<boolean> =>
  sleep(ms, true, { signal }).catch(() => false);
