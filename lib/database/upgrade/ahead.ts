/** Looks whether a stack's data is of another major version of PostgreSQL than the configured one. */

import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../../config/schema.ts";
import { type Answer, askDocker, BRIEF, PATIENT } from "../../docker/ask.ts";
import { hostSentence } from "../../docker/errors.ts";
import type { DockerHost } from "../../docker/host.ts";
import { hostName } from "../../docker/names.ts";
import { UserError } from "../../userError.ts";
import { keptBeside, planOf, volumeOf } from "../volumes.ts";

/** Stopping, starting, checking and the new container, in seconds, with next to no data. A guess on the safe side. */
const BASE_SECONDS = 10;

/**
 * Bytes of database that are dumped, restored and compared in a second. On two cores with a load of 27, 114 MB took 38 s;
 * a host that has nothing else to do takes less.
 */
const BYTES_PER_SECOND = 10e6;

/**
 * Looks whether the stack's data is of an older version than the configured one. Asks docker once, and further only
 * where there is a volume of another version. A preview that gets no answer in time says nothing of what lies ahead.
 *
 * @returns What lies ahead, for people: `PostgreSQL 13 => 17, …`; undefined where nothing does.
 * @throws UserError where the data is of a newer version, and in an update where docker does not tell: on a volume that
 * was kept, a database would start with data of long ago.
 */
export async function lookForUpgrade(config: Config, dockerHost: DockerHost): Promise<string | undefined> {
  const { version, user } = config.database;
  const base = hostName("db-data");
  const preview = pulumi.runtime.isDryRun();
  const ask = (args: string[]) => askDocker(args, dockerHost, preview ? BRIEF : PATIENT);
  const filter = `label=agatha.stack=${pulumi.getStack()}`;
  const list = await ask(["volume", "ls", "--filter", filter, "--format", "{{.Name}}"]);
  if (list.error !== undefined) return unanswered(list, "docker volume ls", dockerHost, preview);
  const volumes = list.stdout.split("\n");
  const target = volumeOf(base, version);
  if (
    planOf(
      base,
      version,
      volumes.filter((name) => name !== target),
      [],
    ).kind === "nothing"
  )
    return undefined;
  const format = "{{range .Mounts}}{{.Name}}\n{{end}}";
  const mounted = await ask(["container", "inspect", "--format", format, hostName("db")]);
  if (mounted.error !== undefined && !/no such container/i.test(mounted.stderr))
    return unanswered(mounted, "docker container inspect", dockerHost, preview);
  const plan = planOf(base, version, volumes, mounted.stdout.split("\n"));
  if (plan.kind === "refuse")
    throw new UserError(
      `agatha:database.version: ${version} is older than the data of stack "${pulumi.getStack()}", which is PostgreSQL ${plan.newer}'s (volume ${plan.volume}). Set agatha:database.version to ${plan.newer}; docs/postgresql-major.md tells how to go back.${keptBeside(base, plan.newer, volumes)}`,
    );
  if (plan.kind === "nothing") return undefined;
  const size = "select sum(pg_database_size(oid)) from pg_database";
  const psql = ["psql", "-U", user, "-d", "postgres", "-qtAXc", size];
  const bytes = Number((await ask(["exec", hostName("db"), ...psql])).stdout.trim());
  const seconds = Math.round(BASE_SECONDS + bytes / BYTES_PER_SECOND);
  const away = bytes > 0 ? `about ${seconds} s` : "a time that depends on its size";
  // The time makes the step run again where one before was undone by an interrupt.
  return `PostgreSQL ${plan.from} => ${version}, data from ${plan.volume} (kept) into ${target}, database away for ${away}; seen at ${new Date().toISOString()}`;
}

/** What a preview makes of no answer: nothing. */
function unanswered(
  { error = "" }: Answer,
  command: string,
  { address }: DockerHost,
  preview: boolean,
): undefined {
  if (preview) return undefined;
  throw new UserError(
    hostSentence(error, address) ??
      `${command}: ${address} does not tell which data the stack has: ${error} Fix that, then run up again.`,
  );
}
