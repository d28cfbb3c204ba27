import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Deployed } from "../lib/docker/deployed.ts";
import { hostName } from "../lib/docker/names.ts";
import { toMilliseconds } from "../lib/duration.ts";
import { containerArgs, type FileVolume, REPLACE_ON_CHANGES, RETRIES } from "./containerArgs.ts";
import { fileFolders } from "./fileFolders.ts";
import type { Service } from "./service.ts";
import { dockerEnvironment, stepCommand } from "./stepCommand.ts";

export interface DockerServiceArgs {
  /** What is to run. Plain, because ports and files decide what is registered. */
  service: Service;
  /** The reference of its image. Plain, because it decides which inputs of the trial count as changes. */
  ref: string;
  /** The stack's network. */
  network: pulumi.Input<string>;
  /** What is deployed of it now. Default: not known. */
  deployed?: Deployed | undefined;
  /** Whoever has to be replaced for this service to be replaced too: a name and a container's id. */
  follows?: Record<string, pulumi.Input<string>>;
  /** The docker host. Default: the environment's. */
  dockerHost?: string | undefined;
}

/**
 * A service as a container on one docker host: the trial of what changed about it, the volumes with its files, the
 * container, and the wait until it is healthy.
 */
export class DockerService extends pulumi.ComponentResource {
  /** The container's id. Whoever needs the service healthy depends on this component. */
  public readonly containerId: pulumi.Output<string>;
  /** `address:port` where the service is published, else undefined. */
  public readonly address: string | undefined;

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

    // Docker's provider does not read what a container is connected to, so no refresh finds a database that is cut off.
    const cutOff = typeof deployed === "object" && !deployed.connected;
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
          ...(cutOff ? { CUT_OFF: `${hostName("network")} ${new Date().toISOString()}` } : {}),
          ...dockerEnvironment(args.dockerHost),
        },
        triggers: [container.id],
        logging: "stdout",
      },
      {
        parent: this,
        deleteBeforeReplace: true,
        ignoreChanges: cutOff ? [] : ["environment.CUT_OFF"],
      },
    );

    this.containerId = container.id;
    this.address = service.publish === false ? undefined : urlHost(service.publish);
    this.registerOutputs({ containerId: this.containerId, address: this.address });
  }

  /** Runs again when, and only when, something changed that may keep the service from getting healthy. */
  private trial(name: string, args: DockerServiceArgs): command.local.Command {
    const { service, deployed } = args;
    const { memory, cpus, processes } = service;
    // A changed limit alone is no reason for a trial, so the limits count only together with another image.
    const newImage = typeof deployed === "object" && deployed.image !== args.ref;
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
          ...(newImage ? { AGATHA_LIMITS: JSON.stringify({ memory, cpus, processes }) } : {}),
          ...dockerEnvironment(args.dockerHost),
        },
        ...stdin(service),
        logging: "stdout",
      },
      {
        parent: this,
        ignoreChanges: newImage ? [] : ["environment.AGATHA_LIMITS"],
        additionalSecretOutputs: ["stderr"],
      },
    );
  }

  /** The volumes with the service's files: new ones when a file changes, so that what runs keeps its own. */
  private files(name: string, args: DockerServiceArgs, trial: pulumi.Resource): FileVolume[] {
    const { service, deployed } = args;
    const folders = foldersOf(service);
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
          // Its image is an input only where something of it is kept, so that else a new jar leaves the files alone.
          COURIER: pulumi.jsonStringify(
            folders.some(({ keep }) => keep) ? { image: service.image } : { container: hostName("db") },
          ),
          // Without its container the volumes may be gone too: made again, they are no empty ones that docker makes.
          ...(deployed === "absent" ? { ABSENT_AT: new Date().toISOString() } : {}),
          ...dockerEnvironment(args.dockerHost),
        },
        ...stdin(service),
        logging: "none",
      },
      {
        parent: this,
        dependsOn: trial,
        replaceOnChanges: ["create", "delete", "environment", "stdin"],
        ignoreChanges: deployed === "absent" ? [] : ["environment.ABSENT_AT"],
        additionalSecretOutputs: ["stderr"],
      },
    );
    return folders.map((folder, index) => ({
      folder,
      name: placed.stdout.apply((names) => names.split(" ")[index] ?? ""),
    }));
  }
}

const foldersOf = (service: Service) =>
  fileFolders(
    service.files.map(({ path }) => path),
    service.ownFolders,
  );

/** The files on a step's standard input, which is a secret as a whole. */
function stdin({ files }: Service): { stdin?: pulumi.Output<string> } {
  if (files.length === 0) return {};
  const placed = files.map(({ path, content, mode }) => ({ path, content, mode: mode ?? "0400" }));
  return { stdin: pulumi.secret(pulumi.jsonStringify(placed)) };
}

function trialOf(service: Service) {
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

/** `host:port` for a URL; an address that means "every interface" is reached by localhost. */
function urlHost({ address, port }: { address: string; port: number }): string {
  const host = address === "0.0.0.0" || address === "::" ? "localhost" : address;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
