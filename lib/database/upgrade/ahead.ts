/** Looks whether the next update has to upgrade a stack's data to the configured major version of PostgreSQL. */
import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../../config/schema.ts";
import { ofStack } from "../../docker/arguments.ts";
import { askDocker, BRIEF, PATIENT } from "../../docker/ask.ts";
import { hostSentence } from "../../docker/errors.ts";
import type { DockerHost } from "../../docker/host.ts";
import { hostName } from "../../docker/names.ts";
import { UserError } from "../../userError.ts";
import { keptBeside, planOf, volumeOf } from "../volumes.ts";

/** Seconds for stopping, starting, checking and the new container, with next to no data. A guess on the safe side. */
const BASE_SECONDS = 10;

/**
 * Bytes of database that are dumped, restored and compared in a second. On two cores with a load of 27, 114 MB took 38 s;
 * an idle host takes less.
 */
const BYTES_PER_SECOND = 10e6;

/** An upgrade that the next update makes. */
export interface UpgradeAhead {
  from: number;
  to: number;
  /** The volume with the data, which is kept, and the one that is filled. */
  volume: string;
  into: string;
  /** How long the database will be away, in seconds. Left out if docker does not say how large it is. */
  awaySeconds?: number;
  /** When it was seen, in UTC. It makes the step run again after one that an interrupt undid. */
  seenAt: string;
}

/**
 * Looks whether the stack's data is of an older version than the configured one. Asks docker once, and more only if there
 * is a volume of another version. A preview that gets no answer in time reports no upgrade.
 *
 * @throws UserError if the data is of a newer version, and in an update if docker does not answer: on a volume that was
 * kept, a database would start with old data.
 */
export async function lookForUpgrade(
  config: Config,
  dockerHost: DockerHost,
): Promise<UpgradeAhead | undefined> {
  const { version, user } = config.database;
  const base = hostName("db-data");
  const limits = pulumi.runtime.isDryRun() ? BRIEF : PATIENT;
  const ask = (args: string[]) => askDocker(args, dockerHost, limits);
  const list = await ask(["volume", "ls", ...ofStack(pulumi.getStack()), "--format", "{{.Name}}"]);
  if (list.error !== undefined) return unanswered(list.error, "docker volume ls", dockerHost);
  const volumes = list.stdout.split("\n");
  const target = volumeOf(base, version);
  const others = volumes.filter((name) => name !== target);
  if (planOf(base, version, others, []).kind === "nothing") return undefined;
  const format = "{{range .Mounts}}{{.Name}}\n{{end}}";
  const mounted = await ask(["container", "inspect", "--format", format, hostName("db")]);
  if (mounted.error !== undefined && !/no such container/i.test(mounted.stderr))
    return unanswered(mounted.error, "docker container inspect", dockerHost);
  const plan = planOf(base, version, volumes, mounted.stdout.split("\n"));
  if (plan.kind === "refuse")
    throw new UserError(
      `agatha:database.version: ${version} is older than the data of stack "${pulumi.getStack()}", which is PostgreSQL ${plan.newer}'s (volume ${plan.volume}). Set agatha:database.version to ${plan.newer}; docs/postgresql-major.md describes how to go back.${keptBeside(base, plan.newer, volumes)}`,
    );
  if (plan.kind !== "upgrade") return undefined;
  const size = "select sum(pg_database_size(oid)) from pg_database";
  const psql = ["psql", "-U", user, "-d", "postgres", "-qtAXc", size];
  const bytes = Number((await ask(["exec", hostName("db"), ...psql])).stdout.trim());
  return {
    ...{ from: plan.from, to: version, volume: plan.volume, into: target },
    ...(bytes > 0 ? { awaySeconds: Math.round(BASE_SECONDS + bytes / BYTES_PER_SECOND) } : {}),
    seenAt: new Date().toISOString(),
  };
}

function unanswered(error: string, command: string, { address }: DockerHost): undefined {
  if (pulumi.runtime.isDryRun()) return undefined;
  throw new UserError(
    hostSentence(error, address) ??
      `${command}: ${address} does not tell which data the stack has: ${error} Fix that, then run up again.`,
  );
}
