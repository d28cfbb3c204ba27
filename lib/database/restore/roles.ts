/** The roles that a dump names: they belong to the server and are in no dump. */
import { unquoted } from "../sql.ts";

const NAME = '"(?:[^"]|"")+"|[^\\s",;]+';
const OWNER = new RegExp(`^ALTER .* OWNER TO (${NAME});$`);
const GRANT = new RegExp(
  `^(?:GRANT|REVOKE|ALTER DEFAULT PRIVILEGES) .* (?:TO|FROM) (${NAME})(?: WITH GRANT OPTION)?;$`,
);
const DEFAULTS = new RegExp(`^ALTER DEFAULT PRIVILEGES FOR ROLE (${NAME}) `);

/** What belongs to the dump's database itself, which is not made of the dump: its statements are never run. */
const OF_DATABASE = /^(?:ALTER DATABASE|(?:GRANT|REVOKE) [A-Z, ]+ ON DATABASE) /;

/** @param schema The statements of a dump's schema, as pg_restore writes them. */
export function rolesIn(schema: string): string[] {
  const lines = schema.split("\n").filter((line) => !OF_DATABASE.test(line));
  const roles = lines.flatMap((line) =>
    [OWNER, GRANT, DEFAULTS].flatMap((form) => {
      const name = form.exec(line)?.[1];
      return name === undefined || name === "PUBLIC" ? [] : [unquoted(name)];
    }),
  );
  return [...new Set(roles)].sort();
}

/** Those that the server does not have. */
export const missingRoles = (named: string[], there: string[]): string[] =>
  named.filter((role) => !there.includes(role));
