/**
 * Proves a backup by restoring it: into a server that lives in one container without network for as long as this program
 * feeds it, takes little of the host, and leaves nothing. Not into the stack's own server, whose memory, disk and log
 * belong to the application.
 */
import { DONE, inspect } from "../docker.ts";
import {
  COUNT_ROWS,
  countedRows,
  type Database,
  databaseBytes,
  freeBytes,
  type Rows,
  sql,
} from "../postgres.ts";
import { type Running, start } from "../process.ts";
import { createLike, propertiesOf } from "./properties.ts";
import { RESTORE, requireDone, searchPath } from "./restoring.ts";

/** Up to this size of the database its rows are restored too, in bytes on disk. */
const ROWS_LIMIT = 1e9;

/** Room that a restored database takes: itself, and its write-ahead log, in bytes. */
const roomFor = (bytes: number): number => bytes * 1.5 + 300e6;

/** Between the statements and the dump on standard input. */
const STATEMENTS_END = "-- agatha: the dump follows";

const NAME = "agatha_proof";

/** Little memory, no write that waits for the disk, no work beside the restore. */
const SETTINGS = [
  ...[
    "listen_addresses=",
    "unix_socket_directories=/tmp",
    "fsync=off",
    "full_page_writes=off",
    "autovacuum=off",
  ],
  ...["shared_buffers=32MB", "max_parallel_maintenance_workers=0", "max_parallel_workers=0"],
];

/** Limits of the container: of the two processors and the memory that it may use, the stack's services come first. */
const LIMITS = ["--memory", "512m", "--cpu-shares", "128", "--oom-score-adj", "500"];

const SCRIPT = `
  set -euo pipefail
  ${RESTORE}
  export PGHOST=/tmp PGUSER=$1 PGDATA=\${PGDATA:-/var/lib/postgresql/data}/proof PGDATABASE=postgres
  settings=$2 path=$3
  shift 3
  { initdb --no-sync --auth=trust --username="$PGUSER" && pg_ctl start --wait --options="$settings"; } > /tmp/log 2>&1 < /dev/null ||
    { tail -n 5 /tmp/log >&2; exit 1; }
  while IFS= read -r line && [ "$line" != "${STATEMENTS_END}" ]; do printf '%s\\n' "$line"; done |
    psql -qtAXw -v ON_ERROR_STOP=1 --output=/dev/null
  export PGDATABASE=${NAME}
  restore "$path" --no-tablespaces "$@"
  psql -qtAXw -v ON_ERROR_STOP=1 <<< "$COUNT_ROWS"
  echo "${DONE}" >&2`;

export interface Proof {
  running: Running;
  /** Whether rows are restored, too. */
  withRows: boolean;
  /** What was restored, once all of the dump is in. @throws StepError in PostgreSQL's words. */
  rows(): Promise<Rows>;
}

/**
 * Starts the server, which takes a dump of the database on its standard input.
 *
 * @param stack The stack's name, for the container's label.
 */
export async function startProof(database: Database, stack: string): Promise<Proof> {
  // Two at a time: an ssh server refuses many that knock at once.
  const prepared = statements(database);
  prepared.catch(() => undefined);
  const [bytes, free] = [await databaseBytes(database), await freeBytes(database)];
  const image = await inspect<string>("container", database.container, ".Image");
  const [path, server, text] = [await searchPath(database), await serverOf(database), await prepared];
  const withRows = bytes < ROWS_LIMIT && free > roomFor(bytes);
  const running = start("docker", [
    ...["run", "--rm", "--interactive", "--init", "--pull", "never"],
    ...["--network", "none", "--user", "postgres"],
    ...["--label", `agatha.stack=${stack}`, "--label", "agatha.service=db-work", ...LIMITS],
    ...["--cap-drop", "ALL", "--security-opt", "no-new-privileges:true", "--env", `COUNT_ROWS=${COUNT_ROWS}`],
    ...["--entrypoint", "bash", image ?? "", "-c", SCRIPT, "bash", server.first, server.options, path],
    ...(withRows ? [] : ["--schema-only"]),
  ]);
  const printed: string[] = [];
  running.child.stdout.setEncoding("utf8").on("data", (text: string) => printed.push(text));
  running.child.stdin.write(text);
  const rows = async () => {
    running.child.stdin.end();
    await requireDone("the backup cannot be restored, so it is none", await running.ended);
    return countedRows(printed.join("").split("\n").filter(Boolean));
  };
  return { running, withRows, rows };
}

/** The server's first role, which grants may name and nothing can replace; and what extensions and many tables take. */
async function serverOf(database: Database): Promise<{ first: string; options: string }> {
  const [first = database.user, ...needed] = await sql(
    database,
    `select rolname from pg_roles where oid = 10;
     select format('%s=%s', name, setting) from pg_settings where name in ('max_locks_per_transaction', 'shared_preload_libraries');`,
  );
  return { first, options: [...SETTINGS, ...needed].map((setting) => `-c '${setting}'`).join(" ") };
}

/** What a dump takes for granted: roles, of which some own what only a superuser may, and the database with its settings. */
async function statements(database: Database): Promise<string> {
  const roles =
    "select format('create role %I %s;', rolname, case when rolsuper then 'superuser' end) from pg_roles where oid >= 16384;";
  const parts = [
    ...(await sql(database, roles)),
    await createLike(database, database.name, NAME),
    await propertiesOf(database, database.name, NAME),
  ];
  return [...parts, STATEMENTS_END, ""].join("\n");
}
