/** Looks whether a stack's data is of another major version of PostgreSQL than the configured one. */
import { execFile } from "node:child_process";
import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../config.ts";
import { planOf, volumeOf } from "./databaseVolumes.ts";
import type { DockerHost } from "./dockerHost.ts";
import { hostName } from "./names.ts";
import { UserError } from "./userError.ts";

/** Longest time for an answer of docker, in milliseconds: a preview must not wait for a host that is away. */
const TIME_LIMIT = 2000;

/** Stopping, starting, checking and the new container, in seconds, with next to no data. A guess on the safe side. */
const BASE_SECONDS = 10;

/**
 * Bytes of database that are dumped, restored and compared in a second. On two cores with a load of 27, 114 MB took 38 s;
 * a host that has nothing else to do takes less.
 */
const BYTES_PER_SECOND = 10e6;

/**
 * Looks whether the stack's data is of an older version than the configured one. Asks docker once, and further only
 * where there is a volume of another version; where none answers in time, nothing is known.
 *
 * @returns What lies ahead, for people: `PostgreSQL 13 => 17, …`; undefined where nothing does.
 * @throws UserError where the data is of a newer version.
 */
export async function lookForUpgrade(config: Config, dockerHost: DockerHost): Promise<string | undefined> {
  const { version, user } = config.database;
  const base = hostName("db-data");
  const docker = asker(dockerHost);
  const filter = `label=agatha.stack=${pulumi.getStack()}`;
  const volumes = (await docker(["volume", "ls", "--filter", filter, "--format", "{{.Name}}"])).split("\n");
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
  const mounted = await docker(["container", "inspect", "--format", format, hostName("db")]);
  const plan = planOf(base, version, volumes, mounted.split("\n"));
  if (plan.kind === "refuse")
    throw new UserError(
      `agatha:database.version: ${version} is older than the data of stack "${pulumi.getStack()}", which is PostgreSQL ${plan.newer}'s (volume ${plan.volume}). Set agatha:database.version to ${plan.newer}; docs/postgresql-major.md tells how to go back.`,
    );
  if (plan.kind === "nothing") return undefined;
  const size = "select sum(pg_database_size(oid)) from pg_database";
  const psql = ["psql", "-U", user, "-d", "postgres", "-qtAXc", size];
  const bytes = Number((await docker(["exec", hostName("db"), ...psql])).trim());
  const seconds = Math.round(BASE_SECONDS + bytes / BYTES_PER_SECOND);
  const away = bytes > 0 ? `about ${seconds} s` : "a time that depends on its size";
  // The time makes the step run again where one before was undone by an interrupt.
  return `PostgreSQL ${plan.from} => ${version}, data from ${plan.volume} (kept) into ${target}, database away for ${away}; seen at ${new Date().toISOString()}`;
}

/** Docker's answer, or nothing where it has none. */
function asker(dockerHost: DockerHost): (args: string[]) => Promise<string> {
  const env = { ...process.env, ...dockerHost.env };
  return (args) =>
    new Promise((resolve) => {
      execFile("docker", args, { env, timeout: TIME_LIMIT }, (error, stdout) => {
        resolve(error === null ? stdout : "");
      });
    });
}
