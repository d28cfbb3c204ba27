/**
 * The password of the database's role, set over the container's local socket: PostgreSQL asks for none there, so a volume that
 * was made with another one is repaired. What PostgreSQL checked passwords against before (the verifier) is kept until the new
 * back serves, so that the old one can connect again if the new one fails.
 */
import { docker } from "../docker/client.ts";
import { endedWith, run } from "../process.ts";
import { UserError } from "../userError.ts";
import { DATA } from "./officialImage.ts";
import { alterRole, type Database, literal } from "./postgres.ts";

/** In the data directory, which only PostgreSQL's user can read: a restart of the container loses nothing. */
const KEPT = `${DATA}/agatha-former-verifier`;

/** A database server, and a role of it. */
type Role = Pick<Database, "container" | "user">;

/** @param keepFormer Whether a back logs in by it, whose next take-over decides about the former one. @throws UserError */
export const setPassword = (role: Role, password: string, keepFormer: boolean): Promise<void> =>
  change(role, `${keepFormer ? keep(role) : ""}${alterRole(role.user, password)}`);

// Of several updates that failed, the first one's is what the back that serves uses.
const keep = ({ user }: Role): string =>
  `select not coalesce((pg_stat_file('${KEPT}', true)).size > 0, false) as first \\gset
\\if :first
copy (select rolpassword from pg_authid where rolname =${literal(user)} and rolpassword is not null) to '${KEPT}';
\\endif
`;

/** Makes the role's former password hold again, if one is kept. @throws UserError with PostgreSQL's message. */
export async function restorePassword(role: Role): Promise<void> {
  const again = `do $$ declare verifier text := rtrim(pg_read_file('${KEPT}', 0, 10000, true), E'\\n');
begin
  if verifier <> '' then execute format('alter role %I password %L',${literal(role.user)}, verifier); end if;
end $$;`;
  await change(role, again);
  await forgetFormer(role);
}

/** The new back serves. */
export const forgetFormer = async ({ container }: Role): Promise<void> => {
  await docker(["exec", container, "rm", "-f", KEPT]);
};

async function change({ container, user }: Role, statements: string): Promise<void> {
  const psql = ["psql", "-U", user, "-d", "postgres", "-qX", "-v", "ON_ERROR_STOP=1"];
  const { code, stderr } = await run("docker", ["exec", "-i", container, ...psql], { input: statements });
  if (code === 0) return;
  // Only the message: PostgreSQL also repeats the statement.
  const reason = /(?:ERROR|FATAL):[^\n]*/.exec(stderr)?.[0] ?? `it ${endedWith({ code })}`;
  throw new UserError(`agatha-db: the password of role "${user}" could not be set: ${reason}`);
}
