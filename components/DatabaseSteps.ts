import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { placeholdersIn } from "../lib/config/placeholders.ts";
import type { Config } from "../lib/config/schema.ts";
import type { Packaged } from "../lib/database/migrations/schemaHistory.ts";
import type { Deployed } from "../lib/docker/deployedContainers.ts";
import { hostName } from "../lib/docker/names.ts";
import { type ImagePlan, isPinned, migrationsAlias } from "../lib/images/plan.ts";
import { goneAt, registerStep, runAgain } from "./stepCommand.ts";

interface DatabaseStepsArgs {
  config: Config;
  /** Id of the database's container. */
  containerId: pulumi.Input<string>;
  /** The back's image, which contains the migrations. */
  back: ImagePlan;
  migrations: Packaged;
  /** The back's container that is deployed now. */
  deployed: Deployed;
}

/** Prepares a healthy database for the back: migrates, then sets the role's password if the server is the stack's own. */
export class DatabaseSteps extends pulumi.ComponentResource {
  constructor(name: string, args: DatabaseStepsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agatha:index:DatabaseSteps", name, {}, opts);
    const { config, containerId, deployed } = args;
    const { backups, database, dockerHost } = config;
    const { environment, stdin, trigger, ignoreChanges } = migrations(args);
    const options = { parent: this, deleteBeforeReplace: true };
    const migrated = registerStep(
      `${name}-migrations`,
      {
        step: "migrate",
        dockerHost,
        environment: {
          // A change of these two alone runs the step again, which then finds nothing to do.
          BACKUPS_KEEP: String(backups.keep),
          BACKUPS_TO: backups.to,
          CONTAINER: hostName("migrate"),
          DATABASE_CONTAINER: containerId,
          DATABASE_NAME: database.name,
          DATABASE_USER: database.user,
          STACK: pulumi.getStack(),
          ...environment,
        },
        stdin,
        triggers: [{ database: containerId, ...trigger }],
      },
      { ...options, ignoreChanges },
    );
    // The password of another server is set by whoever runs it.
    if (database.external === undefined)
      registerStep(
        `${name}-password`,
        {
          step: "set-password",
          dockerHost,
          environment: {
            CONTAINER: containerId,
            DATABASE_USER: database.user,
            BACK_LOGS_IN: logsIn(config) ? undefined : "no",
          },
          again: runAgain("ABSENT_AT", goneAt(deployed)),
          stdin: pulumi.secret(config.databasePassword),
          triggers: [containerId],
          logging: "none",
        },
        // The back that serves may need the former password until a new one takes over: nothing that can fail comes in between.
        { ...options, dependsOn: migrated, additionalSecretOutputs: ["stdout", "stderr"] },
      );
    this.registerOutputs();
  }
}

/** Whether the back has the password: another one then makes another back, at whose take-over it is decided about. */
const logsIn = ({ back, databasePassword }: Config): boolean =>
  Object.values(back.properties).some((value) => placeholdersIn(value).includes("databasePassword")) ||
  [
    ...Object.values(back.properties),
    ...Object.values(back.env),
    ...Object.values(back.files).map((file) => ("file" in file ? readFileSync(file.file) : file.text)),
  ].some((value) => value.includes(databasePassword));

/**
 * What the migration step runs with, and what makes it run again. A pin leaves the schema and the step as they are. If the step
 * is created (with the stack, or with the database's container; Pulumi then has nothing to ignore), a pinned one (`PINNED`) only
 * checks that there is a schema.
 */
function migrations({ back, migrations }: DatabaseStepsArgs) {
  if (isPinned(back)) {
    // MIGRATIONS: in the state of stacks from November 2026.
    const variables = ["IMAGE", "MIGRATIONS", "PINNED"].map((name) => `environment.${name}`);
    return {
      environment: { PINNED: back.pin },
      ignoreChanges: [...variables, "stdin", "triggers[0].flyway", "triggers[0].migrations"],
    };
  }
  return {
    environment: { IMAGE: migrationsAlias(back, pulumi.getStack()) },
    // Not in the environment, where a text may be at most 128 kB long.
    stdin: JSON.stringify(migrations),
    trigger: { flyway: back.inputs["flyway"], migrations: back.inputs["migrations"] },
  };
}
