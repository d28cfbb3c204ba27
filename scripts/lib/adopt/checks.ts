/** What speaks against taking over a data directory, each with its fix. */
import type { Config } from "../../../config.ts";
import type { Names } from "./names.ts";
import type { Facts } from "./source.ts";

/** @returns Why these files cannot be taken; undefined where they can. */
export function factsAgainst(
  name: string,
  facts: Facts,
  users: string[],
  wanted: number,
): string | undefined {
  if (facts.version === "")
    return `adopt: ${name} holds no data of PostgreSQL (no PG_VERSION). Name the folder or volume that was mounted at /var/lib/postgresql/data.`;
  if (users.length > 0)
    return `adopt: ${name} is in use by ${users.join(", ")}. Stop it first (docker compose stop), so that no write is missed.`;
  if (facts.links.length > 0)
    return `adopt: ${name} has parts elsewhere (${facts.links.join(", ")}), which would be missing. Move by dump and restore (docs/moving-in.md).`;
  const major = Number(facts.version);
  if (major !== wanted)
    return `adopt: ${name} is the data of PostgreSQL ${facts.version}, and agatha:database.version is ${wanted}. ${
      major >= 13 && major <= 17
        ? `Set it: \`pulumi config set --path agatha:database.version ${major}\`; a newer one comes after (docs/postgresql-major.md).`
        : "Move by dump and restore (docs/moving-in.md)."
    }`;
  return undefined;
}

/** What is said of a source whose server left its postmaster.pid. */
export const notEnded = (name: string): string =>
  `${name} has a postmaster.pid: its server was killed, or runs where neither docker nor this machine's processes show it, as on a host that mounts the same folder. Where it runs, interrupt this (Ctrl-C) and stop it first.`;

/** @returns Which names of the configuration the data lacks, each with the key to set. */
export function namesAgainst(
  source: string,
  names: Names,
  { database }: Pick<Config, "database">,
): string | undefined {
  const errors: string[] = [];
  const look = (key: "name" | "user", what: string, there: string[]) => {
    if (there.includes(database[key])) return;
    errors.push(
      `agatha:database.${key}: ${what} "${database[key]}" is not in ${source}, which has ${there.join(", ")}. Set it: \`pulumi config set --path agatha:database.${key} NAME\`.`,
    );
  };
  look("name", "database", names.databases);
  look("user", "role", names.roles);
  if (names.superusers.length === 0)
    errors.push(
      `adopt: ${source} has no role that may log in and do everything. Make one with \`postgres --single\`.`,
    );
  else if (names.roles.includes(database.user) && !names.superusers.includes(database.user))
    errors.push(
      `agatha:database.user: role "${database.user}" is no superuser in ${source}, which it has to be for its password to stay out of the server's log. Name one that is (${names.superusers.join(", ")}), or make it one where the data comes from (ALTER ROLE … SUPERUSER).`,
    );
  return errors.length === 0 ? undefined : errors.join("\n");
}
