/** Temporary containers with PostgreSQL, which no network reaches: to read a volume, and to fill one. */
import { setTimeout as sleep } from "node:timers/promises";
import { HARDENED, labelled } from "../docker/arguments.ts";
import { DONE, docker, inspect, lastLines, remove } from "../docker/client.ts";
import { run, stopIfInterrupted } from "../process.ts";
import { UserError } from "../userError.ts";
import { DATA, POSTGRES_USER } from "./officialImage.ts";
import type { Content } from "./volumes.ts";

/** Time in which a server has to accept connections, in milliseconds: recovery of a large log takes its time. */
const START_LIMIT_MS = 120_000;

/** Time between two looks, in milliseconds. */
const PAUSE_MS = 100;

/** Lines of a server's log that a failure shows. */
const LOG_LINES = 10;

/** Seconds in which a server that stops writes down what it has. */
const STOP_SECONDS = "60";

interface Temporary {
  stack: string;
  image: string;
  volume: string;
}

interface ServerArgs extends Temporary {
  name: string;
  /** A role of the database; in a new data directory, its superuser. */
  user: string;
  port: number;
  /** Id of a container whose network namespace it shares. Default: one without any network. */
  beside?: string;
  /** The data directory. Default: the volume itself. */
  dataFolder?: string;
  settings: string[];
  /** How a new data directory asks for passwords. Default: as the image does. */
  hostAuthMethod?: string;
}

/** As little as a container needs that works on a volume. */
const confined = ({ stack, volume }: Temporary): string[] => [
  ...[...labelled(stack, "db-work"), "--volume", `${volume}:${DATA}`, "--pull", "never", ...HARDENED],
  ...["--user", POSTGRES_USER],
];

/**
 * Nothing that the data or its settings ask for beside the work: a log that goes into the archive of the stack's own
 * server, jobs of pg_cron, subscriptions, parallel queries.
 */
const QUIET = ["archive_mode=off", "max_worker_processes=0"];

/**
 * Starts a server and waits until it accepts connections; a data directory that is not there is made.
 *
 * @returns The container's id. @throws UserError with the end of its log.
 */
export async function startServer(args: ServerArgs): Promise<string> {
  const { name, image, user, port, beside, dataFolder = DATA, hostAuthMethod } = args;
  const settings = [`port=${port}`, "listen_addresses=127.0.0.1", ...args.settings, ...QUIET];
  const env = {
    // A password that nobody knows, as in the stack's own container.
    ...{ POSTGRES_USER: user, POSTGRES_PASSWORD_FILE: "/proc/sys/kernel/random/uuid" },
    ...{ POSTGRES_DB: "postgres", PGDATA: dataFolder },
    ...(hostAuthMethod === undefined ? {} : { POSTGRES_HOST_AUTH_METHOD: hostAuthMethod }),
    // For its clients; while it makes a data directory, the image's own server is at the usual port.
    ...(port === 5432 ? {} : { PGPORT: port }),
  };
  const id = await docker([
    ...["run", "--detach", "--name", name, ...confined(args)],
    // Docker's 64 MB are too few for parallel queries (materialized views), and for settings that ask for more.
    ...["--shm-size", "1g", "--network", beside === undefined ? "none" : `container:${beside}`],
    ...Object.entries(env).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
    ...[image, "postgres", ...settings.flatMap((setting) => ["-c", setting])],
  ]);
  await accepts(id, user, port, stopIfInterrupted);
  return id;
}

/**
 * Waits until a server accepts connections over TCP: while a data directory is made, it does so over its socket alone.
 *
 * @param goesOn Throws to end the wait early. @throws UserError with the reason, or the end of its log.
 */
export async function accepts(
  container: string,
  user: string,
  port: number,
  goesOn: () => void = () => {},
): Promise<void> {
  const psql = ["psql", "-h", "127.0.0.1", "-p", String(port), "-U", user, "-d", "postgres"];
  const end = performance.now() + START_LIMIT_MS;
  for (;;) {
    const { stdout, stderr } = await run("docker", ["exec", container, ...psql, "-qtAXc", "select 1"]);
    // Not the exit code: docker's may be 0 for a client that was interrupted.
    if (stdout.trim() === "1") return;
    const running = await inspect<boolean>("container", container, ".State.Running");
    // What another try does not change.
    const refused = /FATAL: +(?! |the database system is)[^\n]*/.exec(stderr)?.[0];
    if (!running || refused !== undefined || performance.now() > end) {
      const why = refused ?? (await lastLines(container, LOG_LINES));
      throw new UserError(`PostgreSQL does not start: ${why || "it says nothing"}`);
    }
    goesOn();
    await sleep(PAUSE_MS);
  }
}

/** Stops and removes a server. @throws UserError if it was not shut down cleanly. */
export async function stopServer(container: string): Promise<void> {
  await docker(["stop", "-t", STOP_SECONDS, container]);
  const code = await inspect<number>("container", container, ".State.ExitCode");
  if (code !== 0) throw new UserError(`PostgreSQL was not shut down cleanly: it ended with ${code}.`);
  await remove("container", container);
}

/** Removes a temporary container. @returns Whether it was there. */
export async function removeContainer(name: string): Promise<boolean> {
  const there = (await inspect<string>("container", name, ".Id")) !== undefined;
  if (there) await remove("container", name);
  return there;
}

/** Runs a shell script with arguments in the volume's folder. @returns What it prints. @throws UserError in its words. */
export async function inVolume(where: Temporary, script: string, ...args: string[]): Promise<string> {
  const printed = await docker([
    ...["run", "--rm", ...confined(where), "--network", "none", "--workdir", DATA],
    ...["--entrypoint", "sh", where.image, "-euc", `${script}\necho "${DONE}"`, "sh", ...args],
  ]);
  if (!printed.endsWith(DONE)) throw new UserError("docker run: it was interrupted.");
  return printed.slice(0, -DONE.length).trim();
}

/** In a data directory that an upgrade made: the version that it came from. */
const UPGRADED = ".upgraded-from";

const CONTENT = `if [ ! -s PG_VERSION ]; then echo nothing
  elif [ -e ${UPGRADED} ] && [ ! -e postmaster.opts ]; then echo unused
  else echo data; fi`;

/** Whether a volume holds data, and whether a database has started on it since an upgrade put it there. */
export const contentOf = async (where: Temporary): Promise<Content> =>
  (await inVolume(where, CONTENT)) as Content;

/**
 * Every start of PostgreSQL writes postmaster.opts, and leaves it. PG_VERSION comes last: an interrupt leaves a volume that does
 * not count as filled.
 */
const PUBLISH = `
  rm -f "$1/postmaster.opts"
  echo "$2" > "$1/${UPGRADED}"
  initdb --sync-only -D "$1" > /dev/null
  mv "$1/PG_VERSION" "$1.version"
  for file in "$1"/* "$1"/.[!.]*; do
    if [ -e "$file" ] || [ -L "$file" ]; then mv "$file" .; fi
  done
  rmdir "$1"
  sync
  mv "$1.version" PG_VERSION
  sync`;

/** Makes a data directory that an upgrade put into a folder of a new volume the volume's own, as in use by nobody yet. */
export const publish = (where: Temporary, folder: string, from: number): Promise<string> =>
  inVolume(where, PUBLISH, folder, String(from));
