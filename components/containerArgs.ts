/** The inputs of a service's container. */
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { labels } from "../lib/docker/names.ts";
import { seconds, toMilliseconds } from "../lib/duration.ts";
import type { ServiceHealth, ServiceSpec } from "./serviceSpec.ts";

/** Failed probes in a row, after the start period, that make a container unhealthy: docker's own default. */
const RETRIES = 3;

/** Period of the limit on processor time, in microseconds: the kernel's default. */
const CPU_PERIOD = 100_000;

/** At most 30 MB of a container's log are kept. */
export const LOG_ROTATION = { "max-size": "10m", "max-file": "3" };

/** Changes that the provider reports as updates, but does not make. */
export const REPLACE_ON_CHANGES = ["#initerror", "healthcheck", "init", "tmpfs", "cpuPeriod", "cpuQuota"];

/** A service's name in messages, and its container's for itself, unless that takes over behind the gateway. */
export const titleOf = ({ service }: ServiceSpec): string => `agatha-${service}`;

/** @param files The volumes with its files. @param follows Ids by name: a change of one replaces the container. */
export function containerArgs(
  service: ServiceSpec,
  files: ServiceSpec["volumes"],
  follows: Record<string, pulumi.Input<string>>,
) {
  const volumes = [...service.volumes, ...files];
  return {
    image: service.image,
    command: service.command,
    // Newer docker (seen with 26.1) finds a container by its host name too, and these two names are the gateway's alone.
    hostname: service.replacement === "instead" ? titleOf(service) : undefined,
    user: service.user,
    envs: Object.entries(service.env).map(([key, value]) => pulumi.interpolate`${key}=${value}`),
    volumes: volumes.map(({ name, path }) => ({ volumeName: name, containerPath: path })),
    ports: service.ports.map(({ internal, external, address }) => ({ internal, external, ip: address })),
    healthcheck: healthcheck(service),
    labels: [
      ...labels(service.service),
      ...Object.entries(follows).map(([key, id]) => ({ label: `agatha.follows.${key}`, value: id })),
    ],
    restart: "always",
    stopSignal: service.stopSignal,
    stopTimeout: service.stopGraceSeconds,
    destroyGraceSeconds: service.stopGraceSeconds,
    mustRun: true,
    wait: false,
    memory: service.memory,
    // No swap. Without this, docker sets twice the memory, and every second update would remove that again.
    memorySwap: service.memory,
    shmSize: service.sharedMemory,
    // Not `cpus`: docker refuses more than its host has, and only after the old container is gone.
    cpuPeriod: CPU_PERIOD,
    cpuQuota: Math.round(service.cpus * CPU_PERIOD),
    logDriver: "json-file",
    logOpts: LOG_ROTATION,
    readOnly: true,
    tmpfs: service.tmpfs,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    // As process 1, which forwards signals and reaps. If the service were process 1, its own probe could not end it.
    init: true,
  } satisfies Partial<docker.ContainerArgs>;
}

/** The inputs whose change makes another container: not those that docker changes on one that runs. */
export function replacing(service: ServiceSpec, follows: Record<string, pulumi.Input<string>>) {
  const { memory: _, memorySwap: __, ...others } = containerArgs(service, [], follows);
  return others;
}

/** What docker runs every few seconds. The steps run the plain probe. */
export function healthcheck({ health }: ServiceSpec) {
  const liveness = ["/bin/agatha-liveness", String(RETRIES), String(seconds(health.startPeriod))];
  return {
    tests: ["CMD", ...(health.liveness ? liveness : []), ...health.command],
    interval: health.interval,
    startPeriod: health.startPeriod,
    // A probe gives up after 5 s, and may take as long to end the service.
    timeout: "15s",
    retries: RETRIES,
  };
}

/** Time until docker calls a container unhealthy that fails from its start, in milliseconds. */
export const unhealthyMs = ({ startPeriod, interval }: ServiceHealth): number =>
  (toMilliseconds(startPeriod) ?? 0) + RETRIES * (toMilliseconds(interval) ?? 0);
