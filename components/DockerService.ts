import { createHash } from "node:crypto";
import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { hostName } from "../lib/docker/names.ts";
import { toMilliseconds } from "../lib/duration.ts";
import { containerArgs, type Mount, REPLACE_ON_CHANGES, replacing } from "./containerArgs.ts";
import { type FilesArgs, placedFiles } from "./placedFiles.ts";
import { dockerEnvironment, now, runAgain, stepCommand } from "./stepCommand.ts";

/** The step that waits until a service serves, and its inputs beside those that every such step has. */
export interface ServiceGate {
  step: string;
  environment: Record<string, pulumi.Input<string>>;
}

export interface DockerServiceArgs extends FilesArgs {
  /** The stack's network. */
  network: pulumi.Input<string>;
  /** Default: `await-healthy`. */
  gate?: ServiceGate;
}

/** A service as a container on one docker host: the volumes with its files, the container, and the wait until it serves. */
export class DockerService extends pulumi.ComponentResource {
  /** The container's id. To wait until the service is healthy, depend on this component. */
  public readonly containerId: pulumi.Output<string>;
  /** Changes with each input whose change makes another container, and does not depend on the container. */
  public readonly version: () => pulumi.Output<string>;

  constructor(name: string, args: DockerServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agatha:index:DockerService", name, {}, opts);
    const { service, deployed, follows = {} } = args;

    const files = placedFiles(name, args, this);
    const mounts: Mount[] = files?.mounts ?? [];
    const container = new docker.Container(
      // Two of one service can be there at once: then each gets a name that Pulumi makes of this one.
      service.replacement === "instead" ? `${name}-container` : hostName(service.service),
      {
        ...containerArgs(service, mounts, { ...follows, ...files?.follows }),
        ...(service.replacement === "instead" ? { name: hostName(service.service) } : {}),
        networksAdvanced: [{ name: args.network, aliases: service.aliases }],
      },
      {
        parent: this,
        deleteBeforeReplace: service.replacement === "instead",
        replaceOnChanges: REPLACE_ON_CHANGES,
        // The name of all of them until November 2026.
        aliases: service.replacement === "instead" ? [] : [{ name: `${name}-container` }],
      },
    );

    // Docker's provider does not read a container's networks, so no refresh finds one that was disconnected.
    const cutOff = typeof deployed === "object" && !deployed.connected;
    const again = runAgain(
      "CUT_OFF",
      cutOff ? [hostName("network"), now(), ...service.aliases].join(" ") : undefined,
    );
    const { step, environment } = args.gate ?? { step: "await-healthy", environment: {} };
    new command.local.Command(
      `${name}-healthy`,
      {
        create: stepCommand(step),
        environment: {
          CONTAINER: container.id,
          PROBE: JSON.stringify(service.health.command),
          PROCESSES: String(service.processes),
          SERVICE: service.hostname,
          START_PERIOD_MS: String(toMilliseconds(service.health.startPeriod)),
          ...environment,
          ...again.environment,
          ...dockerEnvironment(args.dockerHost),
        },
        triggers: [container.id],
        logging: "stdout",
      },
      { parent: this, deleteBeforeReplace: true, ignoreChanges: again.ignoreChanges },
    );

    this.containerId = container.id;
    this.version = () =>
      pulumi
        .jsonStringify(replacing(service, follows))
        .apply((inputs) => createHash("sha256").update(inputs).digest("hex"));
    this.registerOutputs({ containerId: this.containerId });
  }
}
