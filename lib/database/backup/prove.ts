/**
 * Proves a backup by restoring it: into a server that lives in one container without network for as long as this program
 * feeds it, and leaves nothing. Not into the stack's own server, whose memory, disk and log belong to the application.
 */
import { settingsOf } from "../../config/databaseSettings.ts";
import { HARDENED, labelled } from "../../docker/arguments.ts";
import { DONE, dockerError, inspect } from "../../docker/client.ts";
import { type Result, start, stopIfInterrupted, tail } from "../../process.ts";
import { UserError } from "../../userError.ts";
import {
  COUNT_ROWS,
  countedRows,
  type Database,
  freeBytes,
  identifier,
  literal,
  type Rows,
  sql,
} from "../postgres.ts";
import { createLike, propertiesOf, roleSettings } from "../properties.ts";
import { RESTORE, requireDone } from "../restoreScript.ts";

/** Up to this size of the database its rows are restored too, in bytes on disk. */
const ROWS_LIMIT = 1e9;

/** Room that a restored database takes: itself, and its write-ahead log, in bytes. */
const roomFor = (bytes: number): number => bytes * 1.5 + 300e6;

/** Ends a part of standard input: the settings, then the statements. The dump follows. */
const END = "-- agatha: end of this part";

/** On standard error, once the server has what the dump relies on: what fails from then on is the restore. */
const BEGUN = "agatha: the restore begins";

/** Little memory, no write that waits for the disk, no work beside the restore; no jobs of the data either, as pg_cron has them. */
const SETTINGS = `listen_addresses = ''
unix_socket_directories = '/tmp'
fsync = off
full_page_writes = off
autovacuum = off
shared_buffers = 32MB
max_worker_processes = 0`;

/**
 * The server's settings that decide whether rows and statements are accepted. Those of its own and of its extensions
 * (`app.tenant`, `cron.database_name`) all count: functions read them.
 */
const NEEDED = `
  select name, setting from pg_settings where name in ('max_locks_per_transaction', 'max_connections',
    'shared_preload_libraries', 'DateStyle', 'IntervalStyle', 'TimeZone', 'default_text_search_config', 'xmloption',
    'array_nulls', 'transform_null_equals')
    or name like '%.%' and source in ('command line', 'configuration file')`;

/** Those of nobody's extension. Only a role that may read them gets them: a view of the server's files. */
const NEEDED_IN_FILES = `
  select distinct on (name) name, setting from pg_file_settings f where name like '%.%' and applied
    and not exists (select from pg_settings s where s.name = f.name)`;

/** Least memory of the container, in bytes: what checks, indexes and views take beside small rows. */
const LEAST_MEMORY = 512 * 1024 * 1024;

const SCRIPT = `
  set -euo pipefail
  ${RESTORE}
  # A provider's own libraries are not in the image.
  started() { pg_ctl start --wait < /dev/null || { sed -i '/^shared_preload_libraries /d' "$PGDATA/postgresql.conf" && pg_ctl start --wait < /dev/null; }; }
  part() { while IFS= read -r line && [ "$line" != "${END}" ]; do printf '%s\\n' "$line"; done; }
  export PGHOST=/tmp PGUSER=$1 PGDATA=\${PGDATA:-/var/lib/postgresql/data}/proof PGDATABASE=template1
  database=$2 path=$3
  shift 3
  { initdb --no-sync --auth=trust --username="$PGUSER" < /dev/null && part >> "$PGDATA/postgresql.conf" &&
    started; } > /tmp/log 2>&1 || { tail -n 2 /tmp/log >&2; exit 1; }
  # pg_restore refreshes views without their rows, too.
  [ "$REACHES_OUT" = no ] ||
    pg_restore() { command pg_restore "$@" | sed '/^-- Name: .*; Type: MATERIALIZED VIEW DATA; /,/^REFRESH MATERIALIZED VIEW /d'; }
  part | psql -qtAXw -v ON_ERROR_STOP=1 --output=/dev/null
  echo "${BEGUN}" >&2
  export PGDATABASE=$database
  restore "$path" --no-tablespaces "$@"
  psql -qtAXw -v ON_ERROR_STOP=1 <<< "$COUNT_ROWS"
  echo "${DONE}" >&2`;

/** Starts the server, which takes a dump of the database on its standard input. */
export async function startProof(database: Database, stack: string) {
  // Two at a time: an ssh server refuses many that knock at once.
  const [{ far, bytes, first, path }, seen] = await Promise.all([
    factsOf(database),
    inspect<Container>("container", database.container, "."),
  ]);
  const [given, roles] = await Promise.all([
    settings(database, settingsOf(seen?.Config.Cmd ?? [])),
    statements(database, first),
  ]);
  const withRows = !far && bytes < ROWS_LIMIT && (await freeBytes(database)) > roomFor(bytes);
  const limit = seen?.HostConfig.Memory ?? 0;
  const running = start("docker", [
    ...["run", "--rm", "--interactive", "--init", "--pull", "never", "--network", "none"],
    ...["--user", "postgres", ...HARDENED, ...labelled(stack, "db-work")],
    // Of the processors and the memory, the stack's services come first.
    ...["--cpu-shares", "128", "--oom-score-adj", "500"],
    // What the stack's own server takes in one piece, this one has to take too.
    ...(limit === 0 ? [] : ["--memory", String(Math.max(limit, LEAST_MEMORY))]),
    ...["--env", `COUNT_ROWS=${COUNT_ROWS}`, "--env", `REACHES_OUT=${far ? "yes" : "no"}`],
    ...["--entrypoint", "bash", seen?.Image ?? "", "-c", SCRIPT, "bash", first, database.name],
    ...[literal(path).trim(), ...(withRows ? [] : ["--schema-only"])],
  ]);
  const printed: string[] = [];
  running.child.stdout.setEncoding("utf8").on("data", (text: string) => printed.push(text));
  running.child.stdin.write([...given, END, ...roles, END, ""].join("\n"));
  return {
    running,
    /** Whether rows are restored, too. */
    withRows,
    /** What was restored, once all of the dump is in. @throws UserError in PostgreSQL's words. */
    async rows(): Promise<Rows> {
      running.child.stdin.end();
      const result = await running.ended;
      stopIfInterrupted();
      await refuseUnproved(result);
      return countedRows(printed.join("").split("\n").filter(Boolean));
    },
  };
}

/** What says nothing of the dump: no memory, no room, a server or a container that was ended. */
const NOT_THE_DUMP =
  /out of memory|No space left on device|could not resize shared memory|could not extend file|terminating connection|server closed the connection|the database system is/;

/** @throws UserError telling a dump that cannot be restored from a proof that could not be made. */
export async function refuseUnproved(result: Result): Promise<void> {
  const lines = result.stderr.split("\n");
  if (result.code === 0 && lines.includes(DONE)) return;
  const ofServer = /(?:ERROR|FATAL): |error: /.test(result.stderr) && !NOT_THE_DUMP.test(result.stderr);
  if (lines.includes(BEGUN) && ofServer)
    return requireDone("the backup cannot be restored, so it is none", result);
  const stderr = tail(lines.filter((line) => line !== BEGUN).join("\n"), 2);
  const words = await dockerError(["run"], { ...result, stderr });
  const what = lines.includes(BEGUN) ? "was ended" : "did not start";
  throw new UserError(
    `the backup could not be proved by restoring it, so it is none: the temporary container for that ${what}: ${words.replace(/\.$/, "")}. See that the docker host has memory and room for it, then try again.`,
  );
}

/** What is asked of the database's container. */
interface Container {
  Image: string;
  HostConfig: { Memory: number };
  Config: { Cmd: string[] | null };
}

/**
 * The size on disk, and the search_path of the database's sessions; whether views, checks and indexes may read another server (nothing
 * in the container reaches one); the name of the server's first role, which grants may name and nothing can replace.
 */
const FACTS = `select json_build_object('bytes', pg_database_size(current_database()),
    'far', exists (select from pg_foreign_table) or exists (select from pg_extension where extname = 'dblink'),
    'first', coalesce((select rolname from pg_roles where oid = 10), current_user), 'path', current_setting('search_path'));`;

const factsOf = async (database: Database) =>
  JSON.parse((await sql(database, FACTS)).join("")) as {
    far: boolean;
    bytes: number;
    first: string;
    path: string;
  };

/** Lines of the configuration. @param own Settings of the container's command: those of nobody's extension are in no view. */
async function settings(database: Database, own: string[]): Promise<string[]> {
  const select = (from: string) => `select json_build_array(name, setting) from (${from}) needed;`;
  const rows = await sql(
    database,
    `select has_table_privilege('pg_file_settings', 'select') as may \\gset
     ${select(NEEDED)}
\\if :may
${select(NEEDED_IN_FILES)}
\\endif`,
  );
  const needed = rows.map((row) => JSON.parse(row) as [string, string]);
  const given = own.flatMap((setting) => {
    const [, name, value = ""] = /^(\w+\.\w+)=(.*)$/s.exec(setting) ?? [];
    return name === undefined ? [] : [[name, value] as const];
  });
  return [...[...needed, ...given].map(([name, value]) => `${name} = '${escaped(value)}'`), SETTINGS];
}

/** A value between quotes in postgresql.conf. */
const escaped = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll("'", "''").replaceAll("\n", "\\n");

/** Roles and who belongs to which. Some own what only a superuser may, or read past policies. */
const ROLES = `
  select format('create role %I %s %s;', rolname, case when rolsuper then 'superuser' end, case when rolbypassrls then 'bypassrls' end)
    from pg_roles where oid >= 16384;
  select distinct format('grant %I to %I;', r.rolname, m.rolname) from pg_auth_members a
    join pg_roles r on r.oid = a.roleid join pg_roles m on m.oid = a.member where a.member >= 16384;`;

/** What a dump relies on: roles, and the database with its settings. It has its name: pg_cron looks at that. */
async function statements(database: Database, first: string): Promise<string[]> {
  return [
    ...(await sql(database, ROLES)),
    ...(await roleSettings(database, first)),
    `drop database if exists ${identifier(database.name)};`,
    await createLike(database, database.name, database.name),
    await propertiesOf(database, database.name, database.name),
  ];
}
