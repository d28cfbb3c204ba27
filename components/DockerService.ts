import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { hostName } from "../lib/docker/names.ts";
import { toMilliseconds } from "../lib/duration.ts";
import { containerArgs, REPLACE_ON_CHANGES, replacing } from "./containerArgs.ts";
import { type FilesArgs, placedFiles } from "./placedFiles.ts";
import { now, registerStep, runAgain } from "./stepCommand.ts";

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
    const { service, deployed, follows = {}, gate } = args;
    const inPlace = service.replacement === "instead";
    const files = placedFiles(name, args, this);
    const container = new docker.Container(
      // Two of one service can be there at once: then each gets a name that Pulumi makes of this one.
      inPlace ? `${name}-container` : hostName(service.service),
      {
        ...containerArgs(service, files.mounts, { ...follows, ...files.follows }),
        name: inPlace ? hostName(service.service) : undefined,
        networksAdvanced: [{ name: args.network, aliases: service.aliases }],
      },
      {
        parent: this,
        deleteBeforeReplace: inPlace,
        replaceOnChanges: REPLACE_ON_CHANGES,
        // The name of all of them until November 2026.
        aliases: inPlace ? [] : [{ name: `${name}-container` }],
      },
    );

    // Docker's provider does not read a container's networks, so no refresh finds one that was disconnected.
    const cutOff = typeof deployed === "object" && !deployed.connected;
    registerStep(
      `${name}-healthy`,
      {
        step: gate?.step ?? "await-healthy",
        dockerHost: args.dockerHost,
        environment: {
          CONTAINER: container.id,
          PROBE: JSON.stringify(service.health.command),
          PROCESSES: String(service.processes),
          SERVICE: service.hostname,
          START_PERIOD_MS: String(toMilliseconds(service.health.startPeriod)),
          ...gate?.environment,
        },
        again: runAgain(
          "CUT_OFF",
          cutOff ? [hostName("network"), now(), ...service.aliases].join(" ") : undefined,
        ),
        triggers: [container.id],
      },
      { parent: this, deleteBeforeReplace: true },
    );

    this.containerId = container.id;
    this.version = () =>
      pulumi
        .jsonStringify(replacing(service, follows))
        .apply((inputs) => createHash("sha256").update(inputs).digest("hex"));
    this.registerOutputs({ containerId: this.containerId });
  }
}
