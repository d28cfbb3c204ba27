import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { toMilliseconds } from "./duration.ts";
import { hostName, labels } from "./names.ts";
import type { Service } from "./service.ts";
import { dockerEnvironment, stepCommand } from "./stepCommand.ts";

export interface DockerServiceArgs {
  /** What is to run. Plain, because ports and files decide what is registered. */
  service: Service;
  /** The stack's network. */
  network: pulumi.Input<string>;
  /** Whoever has to be replaced for this service to be replaced too: a name and a container's id. */
  follows?: Record<string, pulumi.Input<string>>;
  /** The docker host. Default: the environment's. */
  dockerHost?: string | undefined;
}

/** Failing probes in a row, after the start period, that make a container unhealthy. */
const RETRIES = 3;

/** Longest time that one probe may take: the probe itself gives up after 5 s. */
const PROBE_TIMEOUT = "10s";

/** A service as a container on one docker host, and the wait until it is healthy. */
export class DockerService extends pulumi.ComponentResource {
  /** The container's id. Whoever needs the service healthy depends on this component. */
  public readonly containerId: pulumi.Output<string>;
  /** `address:port` where the service is published, else undefined. */
  public readonly address: string | undefined;

  constructor(name: string, args: DockerServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agatha:index:DockerService", name, {}, opts);
    const { service } = args;

    const container = new docker.Container(
      `${name}-container`,
      {
        ...containerArgs(service, args.follows ?? {}),
        networksAdvanced: [{ name: args.network, aliases: [service.hostname] }],
      },
      {
        parent: this,
        deleteBeforeReplace: true,
        // Of a changed healthcheck the provider says that it updates it, and does nothing.
        replaceOnChanges: ["#initerror", "healthcheck"],
      },
    );

    new command.local.Command(
      `${name}-healthy`,
      {
        create: stepCommand("await-healthy"),
        environment: {
          CONTAINER: container.id,
          PROBE: JSON.stringify(service.health.command),
          SERVICE: service.hostname,
          START_PERIOD_MS: String(toMilliseconds(service.health.startPeriod)),
          ...dockerEnvironment(args.dockerHost),
        },
        triggers: [container.id],
        logging: "stdout",
      },
      { parent: this, deleteBeforeReplace: true },
    );

    this.containerId = container.id;
    this.address = service.publish === false ? undefined : urlHost(service.publish);
    this.registerOutputs({ containerId: this.containerId, address: this.address });
  }
}

function containerArgs(service: Service, follows: Record<string, pulumi.Input<string>>) {
  return {
    name: hostName(service.service),
    image: service.image,
    ...(service.command === undefined ? {} : { command: service.command }),
    hostname: service.hostname,
    user: service.user,
    envs: Object.entries(service.env).map(([key, value]) => pulumi.interpolate`${key}=${value}`),
    uploads: service.files.map((file) => ({
      file: file.path,
      content: file.content,
      owner: owner(service.user).uid,
      group: owner(service.user).gid,
      permissions: file.mode ?? "0440",
    })),
    volumes: service.volumes.map(({ name, path }) => ({ volumeName: name, containerPath: path })),
    ports:
      service.publish === false
        ? []
        : [{ internal: service.port, external: service.publish.port, ip: service.publish.address }],
    healthcheck: {
      tests: ["CMD", ...service.health.command],
      interval: service.health.interval,
      startPeriod: service.health.startPeriod,
      timeout: PROBE_TIMEOUT,
      retries: RETRIES,
    },
    labels: [
      ...labels(service.service),
      ...Object.entries(follows).map(([key, id]) => ({ label: `agatha.follows.${key}`, value: id })),
    ],
    memory: service.memory,
    // No swap on top: left out, docker fills in twice the memory and every second update would take it out again.
    memorySwap: service.memory,
    restart: "unless-stopped",
    stopSignal: service.stopSignal,
    stopTimeout: service.stopGraceSeconds,
    destroyGraceSeconds: service.stopGraceSeconds,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    mustRun: true,
    wait: false,
  } satisfies Partial<docker.ContainerArgs>;
}

/** Whom a service's files belong to; a user without a group has the group of the same number, as `nobody` has. */
function owner(user: string): { uid: string; gid: string } {
  const [uid = user, gid = uid] = user.split(":");
  return { uid, gid };
}

/** `host:port` for a URL; an address that means "every interface" is reached by localhost. */
function urlHost({ address, port }: { address: string; port: number }): string {
  const host = address === "0.0.0.0" || address === "::" ? "localhost" : address;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
