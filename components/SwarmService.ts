import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { isFormerDeployed } from "../lib/docker/deployedContainers.ts";
import { hostName, labels } from "../lib/docker/names.ts";
import { versionOf } from "../lib/docker/swarm/services.ts";
import { unhealthyMs } from "./containerArgs.ts";
import type { DockerServiceArgs, ServiceGate } from "./DockerService.ts";
import { goneAt, registerStep, runAgain } from "./stepCommand.ts";
import { fileName, swarmArgs, swarmData } from "./swarmArgs.ts";

/** Time beyond that of its health in which a task is placed, its image pulled and its end watched for, in milliseconds. */
const TASK_MS = 90_000;

export interface SwarmServiceArgs extends DockerServiceArgs {
  /** The ref of its image, which it runs by another name. */
  ref: string;
  gate: ServiceGate;
}

/** A service as tasks in a swarm: its files as secrets and configs, the service, and the wait until its newest version runs. */
export class SwarmService extends pulumi.ComponentResource {
  constructor(name: string, args: SwarmServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agatha:index:SwarmService", name, {}, opts);
    const { service, deployed, follows = {}, gate } = args;

    // A new version has another name, so that it is there before the service is updated, and the old one until after.
    const versions = service.files.map((file) => {
      const inputs = { data: swarmData(file), labels: labels(service.service) };
      const version = file.public
        ? new docker.ServiceConfig(fileName(service.service, file), inputs, { parent: this })
        : new docker.Secret(fileName(service.service, file), inputs, { parent: this });
      return { file, id: version.id, name: version.name };
    });
    const inputs = swarmArgs(service, args.ref, versions, follows["network"] ?? args.network, follows);
    // Docker has undone what the state has: another number makes the provider send all of it again.
    const isUndone = isFormerDeployed(deployed);
    const forceUpdate = isUndone ? Math.floor(Date.now() / 1000) : undefined;
    const made = new docker.Service(
      hostName(service.service),
      { ...inputs, taskSpec: { ...inputs.taskSpec, forceUpdate } },
      {
        parent: this,
        deleteBeforeReplace: true,
        ignoreChanges: isUndone ? [] : ["taskSpec.forceUpdate"],
      },
    );

    const { env } = inputs.taskSpec.containerSpec;
    const { replicas } = inputs.mode.replicated;
    registerStep(
      `${name}-healthy`,
      {
        step: gate.step,
        dockerHost: args.dockerHost,
        environment: {
          // One after the other.
          LIMIT_MS: String(replicas * (unhealthyMs(service.health) + TASK_MS)),
          REPLICAS: String(replicas),
          SERVICE: service.hostname,
          SWARM_SERVICE: made.name,
          VERSION: pulumi
            .output({ env, ids: versions.map(({ id }) => id) })
            .apply((sent) => versionOf(sent.env, sent.ids)),
          ...gate.environment,
        },
        again: runAgain("UNDONE_AT", isUndone ? goneAt(deployed) : undefined),
        triggers: [made.id, pulumi.jsonStringify(inputs)],
      },
      { parent: this, deleteBeforeReplace: true },
    );
    this.registerOutputs();
  }
}
