/** What belongs to a database itself and not to its contents, as statements that give it to another. */
import { connection, type Database, identifier, literal, sql, unquoted } from "./postgres.ts";

/** A setting in a form that SET takes; in the catalogue, lists are quoted already, but for the empty name. */
const VALUE = `case when name in ('local_preload_libraries', 'search_path', 'session_preload_libraries', 'temp_tablespaces')
  then regexp_replace(value, '(^|, )""(?=$|, )', '\\1''''', 'g') else quote_literal(value) end`;

/** The statement that makes the database `name` with the encoding and the locale of another, `of`. */
export async function createLike(server: Database, of: string, name: string): Promise<string> {
  // Columns that come and go between versions are asked for by name.
  const [line = ""] = await sql(
    server,
    `select format('create database %I template template0 encoding %L lc_collate %L lc_ctype %L', ${literal(name)},
         pg_encoding_to_char(encoding), datcollate, datctype)
       || case more->>'datlocprovider'
         when 'i' then format(' locale_provider icu icu_locale %L', coalesce(more->>'daticulocale', more->>'datlocale'))
         when 'b' then format(' locale_provider builtin builtin_locale %L', more->>'datlocale') else '' end || ';'
     from pg_database d, to_jsonb(d) more where datname =${literal(of)};`,
    connection(of),
  );
  return line;
}

/** Statements that give the database `name` the owner, settings, connection limit, rights and comment of another, `of`. */
export async function propertiesOf(server: Database, of: string, name: string): Promise<string> {
  const target = literal(name);
  const lines = await sql(
    server,
    `with db as (select * from pg_database where datname =${literal(of)})
     select to_json(statement) from (
     select format('alter database %I owner to %I;', ${target}, pg_get_userbyid(datdba)) from db
     union all
     select format('alter database %I connection limit %s;', ${target}, datconnlimit) from db where datconnlimit >= 0
     union all
     select format('alter %s set %I to %s;',
         case when role is null then format('database %I', ${target}) else format('role %I in database %I', role, ${target}) end,
         name, ${VALUE})
       from (select rolname as role, split_part(setting, '=', 1) as name, substr(setting, strpos(setting, '=') + 1) as value
         from pg_db_role_setting join db on db.oid = setdatabase left join pg_roles r on r.oid = setrole, unnest(setconfig) setting
         where setrole = 0 or pg_has_role(setrole, 'usage')) s
     union all
     select format('revoke all on database %I from public;', ${target}) from db where datacl is not null
     union all
     select format('grant %s on database %I to %s%s;', privilege_type, ${target},
         case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end,
         case when is_grantable then ' with grant option' else '' end)
       from db, aclexplode(datacl) where datacl is not null
     union all
     select format('comment on database %I is %L;', ${target}, shobj_description(oid, 'pg_database'))
       from db where shobj_description(oid, 'pg_database') is not null) all_of_them (statement);`,
    connection(of),
  );
  // As JSON: a comment may have lines of its own.
  return lines.map((line) => JSON.parse(line) as string).join("\n");
}

/** Statements that give what all roles, and the one that is used, have set for every database. @param role Stands for the latter. */
export const roleSettings = (server: Database, role: string): Promise<string[]> =>
  sql(
    server,
    `select format('alter role %s set %I to %s;', case setrole when 0 then 'all' else quote_ident(${literal(role)}) end, name, ${VALUE})
     from (select setrole, split_part(setting, '=', 1) as name, substr(setting, strpos(setting, '=') + 1) as value
       from pg_db_role_setting, unnest(setconfig) setting
       where setdatabase = 0 and setrole in (0, (select oid from pg_roles where rolname = current_user))) s;`,
  );

const NAME = '"(?:[^"]|"")+"|[^\\s",;]+';
const SETTING = new RegExp(
  `^ALTER (?:DATABASE (?:${NAME})|ROLE (${NAME}) IN DATABASE (?:${NAME})) (SET (?:${NAME}) TO (?:'(?:[^']|'')*'|[^';])+;)$`,
  "gm",
);

/** The part of a dump's script between the title of the database's properties and the connection that follows them. */
const PROPERTIES = /^-- Name: [^\n]*; Type: DATABASE PROPERTIES;.*?^\\connect /ms;

/**
 * The settings that a dump has of its database, as statements for another.
 *
 * @param script The beginning of what `pg_restore --create` writes.
 * @param isThere Whether there is such a role; settings of others are left out.
 */
export function settingsIn(script: string, name: string, isThere: (role: string) => boolean): string {
  const part = PROPERTIES.exec(script)?.[0] ?? "";
  const statements = [...part.matchAll(SETTING)].flatMap(([, role, set]) => {
    if (role === undefined) return [`alter database ${identifier(name)} ${set}`];
    return isThere(unquoted(role)) ? [`alter role ${role} in database ${identifier(name)} ${set}`] : [];
  });
  return statements.join("\n");
}
