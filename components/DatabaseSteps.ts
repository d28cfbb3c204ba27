import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../lib/config/schema.ts";
import type { Packaged } from "../lib/database/migrations/schemaHistory.ts";
import { hostName } from "../lib/docker/names.ts";
import { type ImagePlan, isPinned, migrationsAlias } from "../lib/images/plan.ts";
import { dockerEnvironment, stepCommand } from "./stepCommand.ts";

export interface DatabaseStepsArgs {
  /** What decides the role, the database and its password. */
  config: Pick<Config, "backups" | "database" | "databasePassword" | "dockerHost">;
  /** Id of the database's container. */
  containerId: pulumi.Input<string>;
  /** The back's image, which has the migrations in it. */
  back: ImagePlan;
  migrations: Packaged;
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

    const { environment, stdin, trigger, ignoreChanges } = migrations(args);
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
          STACK: pulumi.getStack(),
          ...environment,
          ...host,
        },
        ...(stdin === undefined ? {} : { stdin }),
        triggers: [{ database: containerId, ...trigger }],
        logging: "stdout",
      },
      { parent: this, deleteBeforeReplace: true, dependsOn: password, ignoreChanges },
    );

    this.registerOutputs();
  }
}

/**
 * What the migration step runs by, and again at a change of what. A pin leaves the schema and the step as they were.
 * Where the step is made anew (with the stack, or with the database's container, when Pulumi looks at no ignored change),
 * a pinned one (`PINNED`) looks that there is a schema, and no more.
 */
function migrations({ back, migrations }: DatabaseStepsArgs): {
  environment: Record<string, string>;
  /** The migrations are on standard input: a variable may be no longer than 128 kB. */
  stdin?: string;
  trigger: Record<string, unknown>;
  ignoreChanges: string[];
} {
  if (isPinned(back)) {
    // MIGRATIONS: where stacks of November 2026 have the names.
    const variables = ["IMAGE", "MIGRATIONS", "PINNED"].map((name) => `environment.${name}`);
    return {
      environment: { PINNED: back.pin },
      trigger: {},
      ignoreChanges: [...variables, "stdin", "triggers[0].flyway", "triggers[0].migrations"],
    };
  }
  const { flyway, migrations: files } = back.inputs;
  return {
    environment: { IMAGE: migrationsAlias(back, pulumi.getStack()) },
    stdin: JSON.stringify(migrations),
    trigger: { flyway, migrations: files },
    ignoreChanges: [],
  };
}
