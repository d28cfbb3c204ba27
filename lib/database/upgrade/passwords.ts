/** Passwords that an older version kept as md5, which the data of PostgreSQL 14 and later lets nobody log in by. */
import { type Database, sql } from "../postgres.ts";

/**
 * The roles with such a password, but for the stack's own, whose password is set after each upgrade. Where there are some,
 * the new data directory has to ask by `md5`, which takes SCRAM as well where a password is kept so (PostgreSQL's
 * documentation, auth-password.html).
 */
export const md5Roles = (database: Database): Promise<string[]> =>
  sql(
    database,
    "select rolname from pg_authid where rolpassword like 'md5%' and rolname <> current_user order by 1;",
  );

/** What is told of them; nothing where there are none. */
export const md5Note = (roles: string[]): string =>
  roles.length === 0
    ? ""
    : `. Still kept as md5, and still good to log in with: the password${roles.length === 1 ? "" : "s"} of ${roles.join(", ")}. Set each again to have it kept by SCRAM (docs/postgresql-major.md)`;
