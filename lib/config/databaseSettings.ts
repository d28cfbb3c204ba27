/** `agatha:database.settings`: PostgreSQL's own settings, and the arguments of the server that they become. */
import { z } from "zod";
import { atMostBytes, like, scalar } from "./fields.ts";

/** What the stack's own parts rely on: where the server's files, socket and port are, by which it is reached and probed. */
const OURS =
  /^(config_file|data_directory|external_pid_file|hba_file|ident_file|listen_addresses|port|unix_socket_(directories|group|permissions))$/i;

/** All settings, in bytes as JSON: a canary has them in one variable, of at most 128 kB. */
const SETTINGS_BYTES = 32_768;

const name = like(
  /^[a-z_]\w{0,62}(\.[a-z_]\w{0,62})?$/i,
  "is not a setting's name. Write it as PostgreSQL does, like max_connections.",
)
  .refine(
    (value) => !OURS.test(value),
    "is set by this program, which relies on it. Remove it (database.publish publishes the port).",
  )
  .refine(
    (value) => !/^(primary_conninfo|ssl_passphrase_command)$/i.test(value),
    "may hold a password, and `docker inspect` shows settings to everybody. Remove it.",
  );

/** PostgreSQL takes a setting's name in any case. */
const setting = (given: Record<string, string>, wanted: string): string | undefined =>
  Object.entries(given).find(([key]) => key.toLowerCase() === wanted)?.[1];

/** By name, as texts. PostgreSQL itself says whether a name or value is right: `refuseUnfitImage` asks it. */
export const settings = z
  .record(name, scalar, "is not a map of names to values. Write it like { max_connections: 200 }.")
  .refine(...atMostBytes(SETTINGS_BYTES))
  .refine(
    // Passwords that are set from then on could not log in: the data of 14 and later asks for SCRAM alone.
    (map) => !/^md5$/i.test(setting(map, "password_encryption") ?? ""),
    "has password_encryption md5, which PostgreSQL 14 and later accept in no login. Remove it, or use scram-sha-256.",
  );

export type Settings = z.infer<typeof settings>;

/** Without settings there are none, so that the image's own command stays. */
export const settingArguments = (given: Settings): string[] =>
  Object.entries(given).flatMap(([key, value]) => ["-c", `${key}=${value}`]);

/** The settings in a server's command: what `settingArguments` made of them. */
export const settingsOf = (command: string[]): string[] =>
  command.filter((_, index) => command[index - 1] === "-c");

/** Settings that ask for a process each, with PostgreSQL's defaults. */
const PROCESSES = {
  max_connections: 100,
  max_worker_processes: 8,
  autovacuum_max_workers: 3,
  max_wal_senders: 10,
};

/** Beside them: init, the server's own processes, probes, backups. */
const OTHER_PROCESSES = 135;

/** The limit of processes: each connection is one. */
export function databaseProcesses(given: Settings): number {
  const counts = Object.entries(PROCESSES).map(([key, standard]) => {
    const count = Number(setting(given, key) ?? standard);
    return Number.isInteger(count) ? Math.max(count, standard) : standard;
  });
  return counts.reduce((total, count) => total + count, OTHER_PROCESSES);
}
