/** A database outside of the stack (`agatha:database.external`), as the container of its client has it. */
import type { Config } from "../config/schema.ts";
import { NOBODY, ofStack } from "../docker/arguments.ts";
import { dockerLines, inspect } from "../docker/client.ts";
import { variableIn } from "../docker/containerVariables.ts";
import { UserError } from "../userError.ts";
import { backsOf, isNone } from "./backs.ts";
import { POSTGRES_USER } from "./officialImage.ts";
import type { Database } from "./postgres.ts";

/** `host:port/name` of the database outside of the stack that is configured. */
export const externalPlace = ({
  database: { external, name },
}: Pick<Config, "database">): string | undefined => external && `${external.host}:${external.port}/${name}`;

/** How a program without libpq connects, from a container in the network of the database's. */
export interface Access {
  /** `host:port` */
  address: string;
  /** Of a JDBC URL. */
  parameters: string[];
  /** Options of `docker run`: who it runs as, and where the password is. */
  options: string[];
  /** Whether the server is outside of the stack. */
  external: boolean;
}

/** PostgreSQL trusts the database's own network namespace; another server asks for a password, which stays in its file. */
export async function accessOf(container: string): Promise<Access> {
  const env = await inspect<string[]>("container", container, ".Config.Env");
  const value = (name: string) => variableIn(env, name);
  const host = value("PGHOST");
  if (host === undefined)
    return { address: "127.0.0.1:5432", parameters: [], options: ["--user", NOBODY], external: false };
  const authority = value("PGSSLROOTCERT");
  const passwords = ["--volumes-from", `${container}:ro`, "--env", `PGPASSFILE=${value("PGPASSFILE")}`];
  return {
    address: `${host.includes(":") ? `[${host}]` : host}:${value("PGPORT")}`,
    parameters: [`sslmode=${value("PGSSLMODE")}`, ...(authority ? [`sslrootcert=${authority}`] : [])],
    options: ["--user", POSTGRES_USER, ...passwords],
    external: true,
  };
}

/** Refuses a database without a schema history while the stack has data elsewhere: in a volume, or where its back has it. */
export async function refuseDataLeft(stack: string, { name }: Database, { address }: Access): Promise<void> {
  const volumes = await dockerLines(["volume", "ls", ...ofStack(stack, "db"), "--format", "{{.Name}}"]);
  if (volumes.length === 0 && isNone(await backsOf(stack))) return;
  const [elsewhere, drop] =
    volumes.length === 0
      ? [`the back of stack ${stack} runs on another database`, ""]
      : [
          `stack ${stack} has data in volume ${volumes.join(", ")}`,
          `, or drop the volume if its data is not needed (\`docker volume rm ${volumes.join(" ")}\`)`,
        ];
  throw new UserError(
    `agatha:database.external: database "${name}" at ${address} has no schema history, and ${elsewhere}. Nothing was migrated. Restore a backup into it (\`npm run restore -- FILE --stack ${stack}\`)${drop}, then run up again (docs/external-database.md).`,
  );
}
