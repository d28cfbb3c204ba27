/** The gateway in front of the back and the front, which publishes their ports. */
import { isIPv6 } from "node:net";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../lib/config/schema.ts";
import { hostName, labels } from "../lib/docker/names.ts";
import { checkOf } from "../lib/gateway/backends.ts";
import { ROLLING, type RollingName } from "../lib/serviceNames.ts";
import { DockerService, type DockerServiceArgs } from "./DockerService.ts";
import type { PublishedPort, ServiceSpec } from "./serviceSpec.ts";
import { gatewayService } from "./services.ts";
import { registerStep } from "./stepCommand.ts";

/** Registers it, with the volume that keeps its routes and its certificate. @param common What all services have. */
export function gateway(
  config: Config,
  image: pulumi.Input<string>,
  common: Omit<DockerServiceArgs, "service">,
  tasks: (service: RollingName) => string | undefined,
  opts: pulumi.ComponentResourceOptions & { dependsOn: pulumi.Resource },
): DockerService {
  const { dependsOn, ...others } = opts;
  const volume = new docker.Volume(
    "gateway-data",
    { name: hostName("gateway-data"), labels: labels("gateway") },
    others,
  );
  const service = gatewayService(config, image, volume.name, tasks);
  const before = room(config, service, volume, [dependsOn, ...certificate(config, image, volume)]);
  // What it asks the services, for steps that bring a container which answers something else.
  const checks = ROLLING.map((name) => {
    const { path, statuses } = config[name].health;
    return [checkOf(name), `${path} ${statuses.join(",")}`];
  });
  return new DockerService(
    "gateway",
    {
      service,
      ...common,
      follows: { ...common.follows, ...Object.fromEntries(checks) },
      gate: { step: "open-gateway", environment: { STACK: pulumi.getStack() } },
    },
    { ...opts, dependsOn: before },
  );
}

/** A port as docker's client takes it: `127.0.0.1:8000:8441`, `[::1]:8000:8441`. */
const published = ({ address, external, internal }: PublishedPort): string =>
  `${isIPv6(address) ? `[${address}]` : address}:${external}:${internal}`;

/** The step that frees its ports in a stack from before there was a gateway. Never runs a second time. */
const room = (
  { dockerHost }: Config,
  service: ServiceSpec,
  volume: docker.Volume,
  dependsOn: pulumi.Resource[],
): pulumi.Resource =>
  registerStep(
    "gateway-room",
    {
      step: "make-room",
      dockerHost,
      environment: {
        IMAGE: service.image,
        PORTS: JSON.stringify(service.ports.map(published)),
        STACK: pulumi.getStack(),
        VOLUME: pulumi.interpolate`${volume.name}:${service.volumes[0]?.path}`,
      },
      stdin: pulumi.jsonStringify(service.files),
    },
    { dependsOn, ignoreChanges: ["environment", "stdin"] },
  );

/** The step that puts the certificate and its key into the volume, and takes them out; a gateway that runs takes new ones without a restart. */
function certificate(
  { gateway: { certificate: chain, key }, dockerHost }: Config,
  image: pulumi.Input<string>,
  volume: docker.Volume,
): pulumi.Resource[] {
  if (chain === undefined || key === undefined) return [];
  const step = registerStep(
    "gateway-certificate",
    {
      step: "place-certificate",
      undo: "forget-certificate",
      dockerHost,
      environment: {
        CONTAINER: hostName("gateway"),
        IMAGE: image,
        STACK: pulumi.getStack(),
        VOLUME: volume.name,
      },
      stdin: pulumi.secret(`${chain.trimEnd()}\n${key.trimEnd()}\n`),
      triggers: [volume.id],
      logging: "none",
    },
    { deleteBeforeReplace: true, additionalSecretOutputs: ["stdout", "stderr"] },
  );
  return [step];
}
