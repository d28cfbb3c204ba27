/** The database's container in a stack whose database is elsewhere (`agatha:database.external`). */
import * as pulumi from "@pulumi/pulumi";
import type { Config, External } from "../lib/config/schema.ts";
import { DATA, POSTGRES_USER } from "../lib/database/officialImage.ts";
import type { ServiceSpec } from "./serviceSpec.ts";
import { base64, DEFAULTS, TMP } from "./services.ts";

/** In a folder that the image makes a volume of. With the files in it, docker makes none by itself. */
const PASSWORDS = `${DATA}/pgpass`;
const AUTHORITY = `${DATA}/ca.pem`;

/**
 * A client with PostgreSQL's own programs, which connect as its environment says: whatever is done in the container of a
 * database of the stack's own is done there in the same way. Its health is whether the server answers.
 */
export function databaseClient(
  { database, databasePassword }: Config,
  external: External,
  image: pulumi.Input<string>,
): ServiceSpec {
  const { name, user, version, memory, cpus } = database;
  const { host, port, tls, ca } = external;
  const authority = ca === undefined ? [] : [{ path: AUTHORITY, content: base64(ca) }];
  return {
    ...DEFAULTS,
    service: "db",
    replacement: "instead",
    image,
    command: ["sleep", "infinity"],
    env: {
      POSTGRES_DB: name,
      POSTGRES_USER: user,
      PGHOST: host,
      PGPORT: String(port),
      PGSSLMODE: tls,
      ...(ca === undefined ? {} : { PGSSLROOTCERT: AUTHORITY }),
      PGPASSFILE: PASSWORDS,
      // In seconds: less than a probe has.
      PGCONNECT_TIMEOUT: "10",
      // A pooler refuses it, or does not hand it on.
      PGOPTIONS: "-c agatha.direct=yes",
    },
    files: [
      { path: PASSWORDS, content: pulumi.secret(base64(`*:*:*:*:${escaped(databasePassword)}\n`)) },
      ...authority,
    ],
    ownFolders: [DATA],
    tmpfs: { "/tmp": TMP },
    user: POSTGRES_USER,
    health: {
      command: ["psql", "-U", user, "-d", name, "-qtAXc", fitness(version)],
      liveness: false,
      // Each one is a connection of the server.
      interval: "10s",
      startPeriod: "5s",
    },
    memory,
    cpus,
    // The idle program, init, and the programs that backups, migrations and restores run beside it.
    processes: 64,
  };
}

/** For psql: fails if the server is not what the stack needs. */
const fitness = (version: number): string => `do $$ begin
  if current_setting('server_version_num')::int / 10000 <> ${version} then
    raise exception 'agatha:database.version: ${version} is not what the server has, which is PostgreSQL %. Set it to that.', current_setting('server_version_num')::int / 10000;
  end if;
  if pg_is_in_recovery() then
    raise exception 'agatha:database.external.host: is a replica, which takes no writes. Name the primary.';
  end if;
  if current_setting('agatha.direct', true) is distinct from 'yes' then
    raise exception 'agatha:database.external: is a connection pooler, whose sessions are shared. Name the server itself.';
  end if;
end $$`;

/** As libpq and pgjdbc read a password file. */
const escaped = (password: string): string => password.replace(/[\\:]/g, "\\$&");
