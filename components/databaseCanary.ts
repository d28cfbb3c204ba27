/** The step that tries the database's new container beside the one that runs, on data of its own. */
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Deployed } from "../lib/docker/deployedContainers.ts";
import { hostName } from "../lib/docker/names.ts";
import { toMilliseconds } from "../lib/duration.ts";
import { RETRIES } from "./containerArgs.ts";
import type { ServiceSpec } from "./serviceSpec.ts";
import { dockerEnvironment, runAgain, stepCommand } from "./stepCommand.ts";

interface CanaryArgs {
  service: ServiceSpec;
  /** The reference of its image. Plain, because it decides which inputs count as changes. */
  ref: string;
  deployed: Deployed | undefined;
  dockerHost: string | undefined;
}

/**
 * Registers the step. It runs if, and only if, something changed that may keep the database from becoming healthy: two servers
 * cannot share its data, so the old container goes before the new one is made.
 */
export function databaseCanary(
  { service, ref, deployed, dockerHost }: CanaryArgs,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource {
  const { memory, cpus, processes } = service;
  // A change of limits alone needs no canary, so they count only together with another image.
  const newImage = typeof deployed === "object" && deployed.image !== ref;
  const limits = runAgain(
    "AGATHA_LIMITS",
    newImage ? JSON.stringify({ memory, cpus, processes }) : undefined,
  );
  return new command.local.Command(
    "db-trial",
    {
      create: stepCommand("try-database"),
      environment: {
        CONTAINER: hostName("db"),
        LABEL: "db-trial",
        NETWORK: hostName("network"),
        SERVICE: service.hostname,
        STACK: pulumi.getStack(),
        TRIAL: pulumi.jsonStringify(trialOf(service)),
        ...limits.environment,
        ...dockerEnvironment(dockerHost),
      },
      logging: "stdout",
    },
    { ...opts, ignoreChanges: limits.ignoreChanges },
  );
}

/** What the canary needs to know about the service: a `Trial`. */
function trialOf(service: ServiceSpec) {
  const { image, database, env, user, tmpfs, sharedMemory, stopSignal, health } = service;
  const milliseconds = (duration: string) => toMilliseconds(duration) ?? 0;
  return {
    ...{ image, database, env, user, tmpfs, sharedMemory, stopSignal },
    command: service.command ?? [],
    data: service.volumes.map(({ path }) => path),
    probe: health.command,
    // When docker would call it unhealthy.
    limitMs: milliseconds(health.startPeriod) + RETRIES * milliseconds(health.interval),
  };
}
