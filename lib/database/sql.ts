/** SQL text of the steps. */

/** A string as an SQL literal, whatever `standard_conforming_strings` says. */
export const literal = (value: string): string =>
  ` E'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;

/** A name as a quoted SQL identifier. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The name that an SQL identifier stands for, quoted or not. */
export const unquoted = (name: string): string =>
  name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;

/** Gives a role its password; neither a log setting of the server nor a failure writes the statement into its log. */
export function alterRole(role: string, password: string): string {
  const quiet =
    "SET log_statement = 'none'; SET log_min_duration_statement = -1; SET log_min_error_statement = 'panic';";
  return `${quiet}\nALTER ROLE ${identifier(role)} PASSWORD${literal(password)};\n`;
}

/** Ends sessions that the role may end: of a database, or of a program in the database that this is run in. */
export function endSessions(of: "datname" | "application_name", name: string): string {
  // The server may have other stacks' databases, with programs of the same name.
  const here = of === "datname" ? "" : " and datname = current_database()";
  return `select pg_terminate_backend(pid) from pg_stat_activity where ${of} =${literal(name)}${here} and pg_has_role(usesysid, 'usage');`;
}
