/** The step that upgrades a stack's data to a newer major version of PostgreSQL. */
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { settingArguments } from "../lib/config/databaseSettings.ts";
import type { Config } from "../lib/config/schema.ts";
import type { UpgradeAhead } from "../lib/database/upgrade/ahead.ts";
import { FIRST_MAJOR, volumeOf } from "../lib/database/volumes.ts";
import { hostName } from "../lib/docker/names.ts";
import { dockerEnvironment, runAgain, stepCommand } from "./stepCommand.ts";

/** The volume with the data of the configured version. */
export const databaseVolume = (config: Config): string =>
  volumeOf(hostName("db-data"), config.database.version);

/**
 * Registers the step, which fills the version's volume from the older one's before anything uses it. Registers nothing for the
 * first version, since there is none before it.
 *
 * @param image Reference of the database's image.
 * @param ahead What `lookForUpgrade` found.
 */
export function databaseUpgrade(
  config: Config,
  image: string,
  ahead: UpgradeAhead | undefined,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { version, user, settings } = config.database;
  if (version === FIRST_MAJOR) return [];
  const args = settingArguments(settings);
  // Without an upgrade ahead, another image, role or setting of the same version is no reason to look again.
  const again = runAgain("AHEAD", ahead && JSON.stringify(ahead), ["COMMAND", "DATABASE_USER", "IMAGE"]);
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
        ...again.environment,
        ...dockerEnvironment(config.dockerHost),
      },
      triggers: [{ version }],
      logging: "stdout",
    },
    { ...opts, deleteBeforeReplace: true, ignoreChanges: again.ignoreChanges },
  );
  return [step];
}
