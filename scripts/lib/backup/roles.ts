/** The roles that a dump names: they belong to the server and are in no dump. */

const NAME = '"(?:[^"]|"")+"|[^\\s",;]+';
const OWNER = new RegExp(`^ALTER .* OWNER TO (${NAME});$`);
const GRANT = new RegExp(
  `^(?:GRANT|REVOKE|ALTER DEFAULT PRIVILEGES) .* (?:TO|FROM) (${NAME})(?: WITH GRANT OPTION)?;$`,
);
const DEFAULTS = new RegExp(`^ALTER DEFAULT PRIVILEGES FOR ROLE (${NAME}) `);

/** @param schema The statements of a dump's schema, as pg_restore writes them. */
export function rolesIn(schema: string): string[] {
  const roles = schema.split("\n").flatMap((line) =>
    [OWNER, GRANT, DEFAULTS].flatMap((form) => {
      const name = form.exec(line)?.[1];
      return name === undefined || name === "PUBLIC" ? [] : [unquoted(name)];
    }),
  );
  return [...new Set(roles)].sort();
}

const unquoted = (name: string): string =>
  name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;

/** Those that the server does not have. */
export const missingRoles = (named: string[], there: string[]): string[] =>
  named.filter((role) => !there.includes(role));
