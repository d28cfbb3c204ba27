/** What a dump holds, beside what the stack's server has: refused, or shown before anything is replaced. */
import { UserError } from "../../userError.ts";
import { pieces, readArchive } from "../backup/dump.ts";
import { DumpText } from "../dumpText.ts";
import { type Applied, compare, named, sentences } from "../migrations/schemaHistory.ts";
import { type Database, majorOf, sql } from "../postgres.ts";
import type { DumpFile } from "./file.ts";

/** The stack's server. */
export interface Server {
  version: string;
  roles: string[];
  /** Those that its image has, used or not. */
  extensions: string[];
  encoding: string;
  locale: string;
  /** Whether the stack's role is one. */
  superuser: boolean;
  /** What the role lacks to make databases and to exchange this one with another; empty if nothing. */
  lacking: string[];
}

const ASK = `select json_build_object('version', split_part(current_setting('server_version'), ' ', 1),
    'roles', (select json_agg(rolname) from pg_roles), 'extensions', (select json_agg(name) from pg_available_extensions),
    'encoding', pg_encoding_to_char(encoding), 'locale', datcollate, 'superuser', rolsuper,
    'lacking', array_remove(array[case when not (rolsuper or rolcreatedb) then 'CREATEDB (alter role ' || quote_ident(rolname) || ' createdb)' end,
      case when not pg_has_role(datdba, 'usage')
        then 'to own the database (alter database ' || quote_ident(datname) || ' owner to ' || quote_ident(rolname) || ')' end], null))
  from pg_database, pg_roles where datname = current_database() and rolname = current_user;`;

export const serverOf = async (database: Database): Promise<Server> =>
  JSON.parse((await sql(database, ASK)).join("")) as Server;

/** Reads all of a dump. @throws UserError if it is of a newer PostgreSQL, is cut off, or needs what the image does not have. */
export async function readContents(
  { container }: Database,
  file: DumpFile,
  server: Server,
): Promise<DumpText> {
  let text = new DumpText();
  if (file.isArchive) text = await readArchive(container, `restore: ${file.place}`, file.read(), "--create");
  else for await (const chunk of pieces(file.read())) text.push(chunk);
  const lacking = [...text.extensions].filter((name) => !server.extensions.includes(name));
  const reason = [
    majorOf(text.serverVersion) > majorOf(server.version) &&
      `is from PostgreSQL ${text.serverVersion}, and the stack has ${server.version}: a newer one's dump cannot be restored into it. Bring the stack's PostgreSQL up first`,
    text.refused,
    !text.whole &&
      "is cut off: the line that pg_dump ends with is missing. Take another backup, or another copy of this one",
    lacking.length > 0 &&
      `needs extensions that the stack's image does not have: ${lacking.join(", ")}. Use an image that has them (agatha:database.image), or drop them in the old database and take another dump`,
  ].find(Boolean);
  if (reason) throw new UserError(`restore: ${file.place} ${reason}.`);
  return text;
}

/** Owners and grantees of a dump that the server does not have. */
export const missingRoles = ({ roles }: Pick<DumpText, "roles">, server: Pick<Server, "roles">): string[] =>
  [...roles].filter((role) => !server.roles.includes(role)).sort();

/** @throws UserError if the role may not do what a restore does. */
export function refuseUnable({ user, name }: Database, { lacking }: Server): void {
  if (lacking.length === 0) return;
  throw new UserError(
    `restore: role "${user}" lacks ${lacking.join(" and ")}: a dump is restored beside database "${name}", and takes its place. Have it given that, then restore again. Nothing was touched.`,
  );
}

/** What somebody who is asked has to know of a dump, a sentence or two each. @param history The stack's own. */
export function remarks(text: DumpText, server: Server, history: Applied[], stack: string): string[] {
  const roles = missingRoles(text, server).join(", ");
  const { encoding, locale } = text.database;
  const plain = (name: string) => name.toLowerCase().replaceAll("-", "");
  const notes: string[] = [];
  if (!server.superuser)
    notes.push(
      `The stack's role is no superuser: everything in it will belong to that role${roles && `, and rights are left out, since the server does not have ${roles}`}.`,
    );
  else if (roles !== "")
    notes.push(
      `It names roles that the stack does not have, and which are made without login or password: ${roles}.`,
    );
  if (encoding === "SQL_ASCII")
    notes.push(`Its encoding is not known: texts are taken for ${server.encoding}.`);
  else if (encoding !== "" && plain(encoding) !== plain(server.encoding))
    notes.push(`Its encoding is ${encoding}: texts are converted to ${server.encoding}.`);
  if (locale !== "" && plain(locale) !== plain(server.locale))
    notes.push(`Its locale is ${locale}, the stack's is ${server.locale}: texts may sort differently.`);
  if (text.inserts)
    notes.push(
      "Its rows are INSERT statements: they are not counted and compared, and which migrations ran in it is not known yet.",
    );
  else if (text.rows.size > 0) notes.push(ofHistory(text, history, stack));
  return notes;
}

function ofHistory({ history = [] }: DumpText, own: Applied[], stack: string): string {
  const ran = history.filter(({ success }) => success);
  if (ran.length === 0)
    return "It has no schema history of Flyway, which then refuses to migrate its tables.";
  const what = `It has the schema history of ${ran.length === 1 ? "1 migration" : `${ran.length} migrations`}, the last ${ran.at(-1)?.script}.`;
  if (own.length === 0) return what;
  const packaged = own.filter(({ success, type }) => success && type === "SQL");
  const files = Object.fromEntries(packaged.map(({ script, checksum }) => [script, checksum ?? null]));
  const { pending, refused } = compare(files, ran);
  if (refused.length > 0)
    return `${what} The stack's migrations do not suit it, and the next up refuses them: ${sentences(refused).join(" ")}`;
  if (pending.length === 0) return `${what} All migrations of the stack are among them.`;
  return `${what} Of the stack's, ${named(pending)} did not run in it. To run them after the restore: npm run up -- --stack ${stack} --replace '**db-schema-migrations'`;
}
