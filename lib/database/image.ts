/** Which image can serve a stack's data: asked before it replaces anything. */
import { settingsOf } from "../config/databaseSettings.ts";
import { HARDENED } from "../docker/arguments.ts";
import { docker, dockerLines, inspect } from "../docker/client.ts";
import { variableIn } from "../docker/containerVariables.ts";
import { UserError } from "../userError.ts";
import { connection, type Database, literal, sql } from "./postgres.ts";
import { CHECK_SETTINGS, refusedSettings } from "./serverSettings.ts";

/** Images of databases, of whatever version. */
const REPOSITORY = "agatha-db-image";

/** The version of PostgreSQL in an image, as the official image has it in its environment; undefined if it says none. */
async function majorOfImage(image: string): Promise<number | undefined> {
  const major = variableIn(await inspect<string[]>("image", image, ".Config.Env"), "PG_MAJOR");
  return major === undefined ? undefined : Number(major);
}

/** The id of an image that can read an older version's data: that of the database's container, else the one that was loaded last. */
export async function imageOf(container: string, major: number): Promise<string | undefined> {
  const own = await inspect<string>("container", container, ".Image");
  if (own !== undefined && (await majorOfImage(own)) === major) return own;
  const found: { id: string; at: string }[] = [];
  for (const id of new Set(await dockerLines(["image", "ls", "--quiet", "--no-trunc", REPOSITORY])))
    if ((await majorOfImage(id)) === major)
      found.push({ id, at: (await inspect<string>("image", id, ".Metadata.LastTagTime")) ?? "" });
  return found.sort((a, b) => (a.at < b.at ? 1 : -1))[0]?.id;
}

/** A database as it is to run: with the major version of the data, and whom (`uid:gid`) that belongs to. */
interface Wanted {
  image: string;
  major: number;
  owner: string;
  command: string[];
}

/** @throws UserError if the image has another version or another user, or does not take the settings. */
export async function refuseUnfitImage({ image, major, owner, command }: Wanted): Promise<void> {
  const imageMajor = await majorOfImage(image);
  if (imageMajor !== undefined && imageMajor !== major)
    throw new UserError(
      `agatha:database.version: ${major} does not fit the database's image, which has PostgreSQL ${imageMajor}. Set agatha:database.image to an image of ${major}, or agatha:database.version to ${imageMajor}.`,
    );
  const settings = settingsOf(command);
  const printed = await docker([
    ...["run", "--rm", "--pull", "never", "--network", "none", "--user", owner, ...HARDENED],
    ...["--entrypoint", "sh", image, "-c"],
    ...[`id -u postgres 2> /dev/null || echo none\n${CHECK_SETTINGS}`, "sh", ...settings],
  ]);
  const user = printed.split("\n")[0] ?? "";
  if (user !== owner.split(":")[0])
    throw new UserError(
      `agatha:database.image: ${image} has ${user === "none" ? "no user postgres" : `the user postgres as ${user}`}, and the data belongs to ${owner}. Use the official image for Debian (postgres:${major}), or one that is made from it; images for Alpine are not supported.`,
    );
  const refused = refusedSettings(settings, printed.split("\n").slice(1).join("\n"));
  if (refused.length > 0) throw new UserError(refused.join("\n"));
}

/** What one database relies on that is not in it, a kind and a name in each line: locales and extensions. */
const NEEDS = `
  select 'extension ' || extname from pg_extension
  union select 'locale ' || l from pg_database, unnest(array[datcollate, datctype]) l where datname = current_database()
  union select 'locale ' || l from pg_collation c, unnest(array[collcollate, collctype]) l
    where collprovider = 'c' and exists (select from pg_attribute a where a.attcollation = c.oid and a.attrelid >= 16384);`;

/** @throws UserError with what a canary lacks of what the data relies on: PostgreSQL would start, and fail when it is used. */
export async function refuseMissing(running: Database, canary: Database): Promise<void> {
  const names = "select datname from pg_database where datallowconn and datconnlimit <> -2;";
  const needs = new Set<string>();
  for (const name of await sql(running, names))
    for (const need of await sql(running, NEEDS, connection(name))) needs.add(need);
  const missing = await sql(canary, lacking([...needs]));
  if (missing.length > 0)
    throw new UserError(
      `agatha-db: the data needs ${missing.join(", ")}, which the new image does not have. Use an image that has it (agatha:packages, agatha:database.image), or take it out of the data first. The running database was left as it is.`,
    );
}

/** SQL that gives those of the needs that a server does not have. */
function lacking(needs: string[]): string {
  const all = `unnest(array[${needs.map(literal).join(",")}]::text[]) need`;
  return `
    create function pg_temp.has(locale text) returns boolean language plpgsql as $$
      begin perform set_config('lc_monetary', locale, true); return true;
      exception when others then return false; end $$;
    select need from ${all} where need like 'locale %' and not pg_temp.has(substr(need, 8))
    union select need from ${all} where need like 'extension %'
      and not exists (select from pg_available_extensions where name = substr(need, 11)) order by 1;`;
}
