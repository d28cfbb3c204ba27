import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../config.ts";
import { type ImageMeta, migrationsAlias } from "./evaluate.ts";
import { hostName } from "./names.ts";
import { dockerEnvironment, stepCommand } from "./stepCommand.ts";

export interface DatabaseStepsArgs {
  /** What decides the role, the database and its password. */
  config: Pick<Config, "backups" | "database" | "databasePassword" | "dockerHost">;
  /** Id of the database's container. */
  containerId: pulumi.Input<string>;
  /** The back's image, which has the migrations in it. */
  back: ImageMeta;
}

/** What makes a healthy database the back's: the role's password, then the migrations. */
export class DatabaseSteps extends pulumi.ComponentResource {
  constructor(name: string, args: DatabaseStepsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agatha:index:DatabaseSteps", name, {}, opts);
    const { containerId } = args;
    const { backups, database, databasePassword, dockerHost } = args.config;
    const host = dockerEnvironment(dockerHost);

    const password = new command.local.Command(
      `${name}-password`,
      {
        create: stepCommand("set-password"),
        environment: { CONTAINER: containerId, DATABASE_USER: database.user, ...host },
        stdin: pulumi.secret(databasePassword),
        triggers: [containerId],
        logging: "none",
      },
      // A secret goes in by stdin, so whatever comes out is kept as a secret too.
      { parent: this, deleteBeforeReplace: true, additionalSecretOutputs: ["stdout", "stderr"] },
    );

    new command.local.Command(
      `${name}-migrations`,
      {
        create: stepCommand("migrate"),
        environment: {
          // Changed alone, these make the step run again, which then finds nothing to do.
          BACKUPS_KEEP: String(backups.keep),
          ...(backups.to === undefined ? {} : { BACKUPS_TO: backups.to }),
          CONTAINER: hostName("migrate"),
          DATABASE_CONTAINER: containerId,
          DATABASE_NAME: database.name,
          DATABASE_USER: database.user,
          IMAGE: migrationsAlias(args.back),
          MIGRATIONS: JSON.stringify(Object.keys(args.back.inputs["migrations"] ?? {})),
          STACK: pulumi.getStack(),
          ...host,
        },
        triggers: [
          {
            database: containerId,
            flyway: args.back.inputs["flyway"],
            migrations: args.back.inputs["migrations"],
          },
        ],
        logging: "stdout",
      },
      { parent: this, deleteBeforeReplace: true, dependsOn: password },
    );

    this.registerOutputs();
  }
}
