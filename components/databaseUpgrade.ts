/** The step that brings a stack's data to a newer major version of PostgreSQL. */
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { settingArguments } from "../lib/config/databaseSettings.ts";
import type { Config } from "../lib/config/schema.ts";
import { FIRST_MAJOR, volumeOf } from "../lib/database/volumes.ts";
import { hostName } from "../lib/docker/names.ts";
import { dockerEnvironment, stepCommand } from "./stepCommand.ts";

/** The volume that the configured version keeps its data in. */
export const databaseVolume = (config: Config): string =>
  volumeOf(hostName("db-data"), config.database.version);

/** What of the step's environment counts only where an upgrade lies ahead. */
const CHANGES_NOTHING = ["AHEAD", "COMMAND", "DATABASE_USER", "IMAGE"];

/**
 * Registers the step, which fills the version's volume from the older one's before anything uses it. Nothing is
 * registered for the first version, which has none before it.
 *
 * @param image Reference of the database's image.
 * @param ahead What `lookForUpgrade` gave.
 */
export function databaseUpgrade(
  config: Config,
  image: string,
  ahead: string | undefined,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { version, user, settings } = config.database;
  if (version === FIRST_MAJOR) return [];
  const args = settingArguments(settings);
  const step = new command.local.Command(
    "db-upgrade",
    {
      create: stepCommand("upgrade-database"),
      environment: {
        ...(args.length === 0 ? {} : { COMMAND: JSON.stringify(["postgres", ...args]) }),
        CONTAINER: hostName("db"),
        DATABASE_USER: user,
        IMAGE: image,
        STACK: pulumi.getStack(),
        VERSION: String(version),
        VOLUME_BASE: hostName("db-data"),
        ...(ahead === undefined ? {} : { AHEAD: ahead }),
        ...dockerEnvironment(config.dockerHost),
      },
      triggers: [{ version }],
      logging: "stdout",
    },
    // Another image, role or setting of the same version is no reason to look again.
    {
      ...opts,
      deleteBeforeReplace: true,
      ignoreChanges: ahead === undefined ? CHANGES_NOTHING.map((variable) => `environment.${variable}`) : [],
    },
  );
  return [step];
}
