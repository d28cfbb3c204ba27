/** Refuses a configuration that does not fit the data of the running database: before anything is replaced. */
import * as pulumi from "@pulumi/pulumi";
import { settingArguments, settingsOf } from "../config/databaseSettings.ts";
import type { Config } from "../config/schema.ts";
import { quoted } from "../config/text.ts";
import { askDocker, BRIEF, PATIENT } from "../docker/ask.ts";
import type { DatabaseContainer } from "../docker/deployedContainers.ts";
import type { DockerHost } from "../docker/host.ts";
import { hostName } from "../docker/names.ts";
import { UserError } from "../userError.ts";
import { externalPlace } from "./external.ts";
import { CHECK_SETTINGS, refusedSettings } from "./serverSettings.ts";

/** What backups, migrations and upgrades do as `database.user` takes a superuser. */
const ASK = `select json_build_object(
  'databases', (select json_agg(datname order by datname) from pg_database where datallowconn and not datistemplate),
  'superusers', (select json_agg(rolname order by rolname) from pg_roles where rolsuper and rolcanlogin))`;

/**
 * Asks only if the configuration says something else than the container that is deployed. Without a running database, nothing
 * is replaced that serves.
 *
 * @throws UserError with everything that does not fit.
 */
export async function refuseOtherData(
  config: Pick<Config, "database">,
  database: DatabaseContainer | undefined,
  host: DockerHost,
): Promise<void> {
  if (database === undefined) return;
  refuseOtherPlace(externalPlace(config), database);
  const { name, user, settings, version, external } = config.database;
  if (external !== undefined) return;
  const limits = pulumi.runtime.isDryRun() ? BRIEF : PATIENT;
  const exec = (...args: string[]) => askDocker(["exec", hostName("db"), ...args], host, limits);
  const wanted = settingsOf(settingArguments(settings));
  const same = JSON.stringify(wanted) === JSON.stringify(settingsOf(database.command));
  const [named, set] = await Promise.all([
    name === database.name && user === database.user
      ? undefined
      : exec("psql", "-U", database.user, "-d", "postgres", "-qtAXc", ASK),
    // Another version may know other settings: its own canary asks it.
    same || database.major !== version ? undefined : exec("sh", "-c", CHECK_SETTINGS, "sh", ...wanted),
  ]);
  const errors = [
    ...(named?.error === undefined ? misfits(name, user, named?.stdout) : []),
    ...refusedSettings(wanted, set?.stdout ?? ""),
  ];
  if (errors.length > 0) throw new UserError(errors.join("\n"));
}

/** Refuses a switch to another server, or to another database there, while the stack is up: its data would stay behind. */
function refuseOtherPlace(wanted: string | undefined, { server, name }: DatabaseContainer): void {
  const runs = server && `${server}/${name}`;
  if (wanted === runs) return;
  const place = runs === undefined ? "in a volume of its own" : `at ${runs}`;
  const missing = wanted === undefined ? ", and the key is missing" : "";
  const fix = runs === undefined ? "remove the key again" : "set it back";
  throw new UserError(
    `agatha:database.external: stack ${pulumi.getStack()} has its data ${place}${missing}. To take the data along: npm run backup, npm run down (keeps the data), then up and restore, as docs/external-database.md describes; or ${fix}.`,
  );
}

/** The messages for a name and a role that the data does not have. @param answer What it has; undefined if that was not asked. */
function misfits(name: string, user: string, answer: string | undefined): string[] {
  if (answer === undefined) return [];
  const has = JSON.parse(answer) as { databases: string[]; superusers: string[] };
  const misfit = (key: string, value: string, what: string, there: string[], make: string) =>
    there.includes(value)
      ? []
      : `agatha:database.${key}: ${quoted(value)} is no ${what} in the data of this stack, which has ${there.join(", ")}. Set it to one of them, or make it first: docker exec ${hostName("db")} psql -U ${has.superusers[0]} -d postgres -c '${make}'.`;
  return [
    misfit("name", name, "database", has.databases, `create database "${name}"`),
    misfit(
      "user",
      user,
      "role with LOGIN and SUPERUSER",
      has.superusers,
      `create role "${user}" superuser login`,
    ),
  ].flat();
}
