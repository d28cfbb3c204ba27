/** What the official image of PostgreSQL fixes. */

/** Where it keeps its data. */
export const DATA = "/var/lib/postgresql/data";

/** Its user and group, whom a volume's files belong to. */
export const POSTGRES_USER = "999:999";
