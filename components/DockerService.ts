import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Deployed } from "../lib/docker/deployedContainers.ts";
import { hostName } from "../lib/docker/names.ts";
import { toMilliseconds } from "../lib/duration.ts";
import { containerArgs, type FileVolume, REPLACE_ON_CHANGES, RETRIES } from "./containerArgs.ts";
import { fileFolders } from "./fileFolders.ts";
import type { ServiceSpec } from "./serviceSpec.ts";
import { dockerEnvironment, now, runAgain, stepCommand } from "./stepCommand.ts";

export interface DockerServiceArgs {
  /** What is to run. Plain, because ports and files decide what is registered. */
  service: ServiceSpec;
  /** The reference of its image. Plain, because it decides which inputs of the canary count as changes. */
  ref: string;
  /** The stack's network. */
  network: pulumi.Input<string>;
  /** Its container that is deployed now. Default: unknown. */
  deployed?: Deployed | undefined;
  /** Ids by name: a change of one replaces the container too. */
  follows?: Record<string, pulumi.Input<string>>;
  /** The docker host. Default: the environment's. */
  dockerHost?: string | undefined;
}

/**
 * A service as a container on one docker host: a canary of what changed ("trial" in names), the volumes with its files, the
 * container, and the wait until it is healthy.
 */
export class DockerService extends pulumi.ComponentResource {
  /** The container's id. To wait until the service is healthy, depend on this component. */
  public readonly containerId: pulumi.Output<string>;

  constructor(name: string, args: DockerServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agatha:index:DockerService", name, {}, opts);
    const { service, deployed } = args;

    const trial = this.trial(name, args);
    const volumes = service.files.length === 0 ? [] : this.files(name, args, trial);

    const container = new docker.Container(
      `${name}-container`,
      {
        ...containerArgs(service, volumes, args.follows ?? {}),
        networksAdvanced: [{ name: args.network, aliases: [service.hostname] }],
      },
      { parent: this, dependsOn: trial, deleteBeforeReplace: true, replaceOnChanges: REPLACE_ON_CHANGES },
    );

    // Docker's provider does not read a container's networks, so no refresh finds one that was disconnected.
    const cutOff = typeof deployed === "object" && !deployed.connected;
    const again = runAgain("CUT_OFF", cutOff ? `${hostName("network")} ${now()}` : undefined);
    new command.local.Command(
      `${name}-healthy`,
      {
        create: stepCommand("await-healthy"),
        environment: {
          CONTAINER: container.id,
          PROBE: JSON.stringify(service.health.command),
          PROCESSES: String(service.processes),
          SERVICE: service.hostname,
          START_PERIOD_MS: String(toMilliseconds(service.health.startPeriod)),
          ...again.environment,
          ...dockerEnvironment(args.dockerHost),
        },
        triggers: [container.id],
        logging: "stdout",
      },
      { parent: this, deleteBeforeReplace: true, ignoreChanges: again.ignoreChanges },
    );

    this.containerId = container.id;
    this.registerOutputs({ containerId: this.containerId });
  }

  /** Runs if, and only if, something changed that may keep the service from becoming healthy. */
  private trial(name: string, args: DockerServiceArgs): command.local.Command {
    const { service, deployed } = args;
    const { memory, cpus, processes } = service;
    // A change of limits alone needs no canary, so they count only together with another image.
    const newImage = typeof deployed === "object" && deployed.image !== args.ref;
    const limits = runAgain(
      "AGATHA_LIMITS",
      newImage ? JSON.stringify({ memory, cpus, processes }) : undefined,
    );
    return new command.local.Command(
      `${name}-trial`,
      {
        create: stepCommand("trial"),
        environment: {
          CONTAINER: hostName(service.service),
          LABEL: `${service.service}-trial`,
          NETWORK: hostName("network"),
          SERVICE: service.hostname,
          STACK: pulumi.getStack(),
          TRIAL: pulumi.jsonStringify(trialOf(service)),
          ...limits.environment,
          ...dockerEnvironment(args.dockerHost),
        },
        ...stdin(service),
        logging: "stdout",
      },
      {
        parent: this,
        ignoreChanges: limits.ignoreChanges,
        additionalSecretOutputs: ["stderr"],
      },
    );
  }

  /** The volumes with the service's files. A changed file makes new ones, so that the running container keeps its own. */
  private files(name: string, args: DockerServiceArgs, trial: pulumi.Resource): FileVolume[] {
    const { service, deployed } = args;
    const folders = foldersOf(service);
    // Without its container, the volumes may be gone too. Docker would make empty ones.
    const again = runAgain("ABSENT_AT", deployed === "absent" ? now() : undefined);
    const placed = new command.local.Command(
      `${name}-files`,
      {
        create: stepCommand("place-files"),
        delete: stepCommand("remove-files"),
        environment: {
          FOLDERS: JSON.stringify(folders),
          LABEL: `${service.service}-files`,
          OWNER: service.user,
          PREFIX: hostName(`${service.service}-files`),
          STACK: pulumi.getStack(),
          // The image is an input only if something in it is kept: otherwise a new jar does not touch the files.
          COURIER: pulumi.jsonStringify(
            folders.some(({ keep }) => keep) ? { image: service.image } : { container: hostName("db") },
          ),
          ...again.environment,
          ...dockerEnvironment(args.dockerHost),
        },
        ...stdin(service),
        logging: "none",
      },
      {
        parent: this,
        dependsOn: trial,
        replaceOnChanges: ["create", "delete", "environment", "stdin"],
        ignoreChanges: again.ignoreChanges,
        additionalSecretOutputs: ["stderr"],
      },
    );
    return folders.map((folder, index) => ({
      folder,
      name: placed.stdout.apply((names) => names.split(" ")[index] ?? ""),
    }));
  }
}

const foldersOf = (service: ServiceSpec) =>
  fileFolders(
    service.files.map(({ path }) => path),
    service.ownFolders,
  );

/** The files for a step's standard input, which is a secret as a whole. */
function stdin({ files }: ServiceSpec): { stdin?: pulumi.Output<string> } {
  if (files.length === 0) return {};
  const placed = files.map(({ path, content, mode }) => ({ path, content, mode: mode ?? "0400" }));
  return { stdin: pulumi.secret(pulumi.jsonStringify(placed)) };
}

/** What the canary needs to know about the service: a `Trial`. */
function trialOf(service: ServiceSpec) {
  const { image, database, env, user, tmpfs, sharedMemory, stopSignal, health } = service;
  const milliseconds = (duration: string) => toMilliseconds(duration) ?? 0;
  return {
    ...{ image, database, env, user, tmpfs, sharedMemory, stopSignal },
    command: service.command ?? [],
    data: service.volumes.map(({ path }) => path),
    folders: foldersOf(service),
    probe: health.command,
    // When docker would call it unhealthy.
    limitMs: milliseconds(health.startPeriod) + RETRIES * milliseconds(health.interval),
  };
}
