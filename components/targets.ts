/** What `agatha:target` decides: how the back and the front are realised, and what goes with it. */
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../lib/config/schema.ts";
import { askDeployed, type Deployed } from "../lib/docker/deployedContainers.ts";
import type { DockerHost } from "../lib/docker/host.ts";
import { hostName } from "../lib/docker/names.ts";
import { refuseUnfitNames, refuseUnfitSwarm } from "../lib/docker/swarm/fitness.ts";
import { askServices } from "../lib/docker/swarm/services.ts";
import { toMilliseconds } from "../lib/duration.ts";
import { isRolling, ROLLING, type RollingName } from "../lib/serviceNames.ts";
import { DockerService, type ServiceGate } from "./DockerService.ts";
import type { NixImage } from "./NixImage.ts";
import { refuseLongFiles, SwarmService, type SwarmServiceArgs } from "./SwarmService.ts";

interface Target {
  /** Asks which services are deployed. @throws UserError if the stack cannot run on the docker host. */
  look: (config: Config, host: DockerHost) => Promise<(service: string) => Deployed>;
  /** Inputs of the stack's network. */
  network: Pick<docker.NetworkArgs, "attachable" | "driver">;
  /** Further inputs of docker's provider. */
  provider: (config: Config) => Pick<docker.ProviderArgs, "registryAuth">;
  /** Whether the images of the back and the front need a name that every node can pull. */
  byDigest: (config: Config) => boolean;
  /** What the back or the front takes as its image. */
  imageOf: (image: NixImage) => pulumi.Output<string>;
  /** The step that waits until a new version serves, and ends the old one if docker does not; and its inputs, with these. */
  gate: (config: Config, name: RollingName, environment: ServiceGate["environment"]) => ServiceGate;
  /** Registers the back or the front. */
  rolling: (
    name: RollingName,
    args: SwarmServiceArgs,
    opts: pulumi.ComponentResourceOptions,
  ) => pulumi.Resource;
  /** What changes with the database, which the back is replaced with. */
  followed: (database: DockerService) => pulumi.Output<string>;
  /** The DNS name by which the gateway finds what serves; undefined if the gate tells it. */
  tasks: (service: RollingName) => string | undefined;
}

/** One container each, on the docker host. */
const onHost: Target = {
  look: (_, host) => askDeployed(pulumi.getStack(), hostName("network"), host),
  network: {},
  provider: () => ({}),
  byDigest: () => false,
  imageOf: ({ loaded }) => loaded,
  gate: ({ gateway }, name, environment) => ({
    step: "take-over",
    environment: {
      BACKEND: name,
      DRAIN_MS: String(toMilliseconds(gateway.drain)),
      STACK: pulumi.getStack(),
      ...environment,
    },
  }),
  rolling: (name, args, opts) => new DockerService(name, args, opts),
  followed: ({ containerId }) => containerId,
  tasks: () => undefined,
};

/** Tasks on the nodes of a swarm. The database and the gateway stay containers of the docker host. */
const onSwarm: Target = {
  async look(config, host) {
    refuseUnfitNames(pulumi.getStack(), ROLLING.map(hostName));
    refuseLongFiles(config);
    await refuseUnfitSwarm(host, config.registry !== undefined);
    const [containers, services] = await Promise.all([
      onHost.look(config, host),
      askServices(ROLLING, hostName, host),
    ]);
    return (service) => (isRolling(service) ? services(service) : containers(service));
  },
  // Containers can be in it.
  network: { driver: "overlay", attachable: true },
  // Not by each service: there, another login makes another service.
  provider: ({ registry: { address, username, password } = { address: "" } }) =>
    username === undefined || password === undefined
      ? {}
      : { registryAuth: [{ address, username, password: pulumi.secret(password) }] },
  byDigest: ({ registry }) => registry !== undefined,
  imageOf: ({ anywhere }) => anywhere,
  gate: (_, __, environment) => ({ step: "await-tasks", environment }),
  rolling: (name, args, opts) => new SwarmService(name, args, opts),
  // Pulumi would remove a service that depends on the container before it replaces that.
  followed: (database) => database.version(),
  tasks: (service) => `tasks.${hostName(service)}`,
};

export const targetOf = ({ target }: Pick<Config, "target">): Target =>
  ({ docker: onHost, swarm: onSwarm })[target];
