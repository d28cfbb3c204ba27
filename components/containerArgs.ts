/** What a service is to docker: the inputs of its container. */
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { hostName, labels } from "../lib/docker/names.ts";
import { seconds } from "../lib/duration.ts";
import type { FileFolder } from "./fileFolders.ts";
import type { Service } from "./service.ts";

/** Failing probes in a row, after the start period, that make a container unhealthy: docker's own default. */
export const RETRIES = 3;

/** Longest time that one probe may take: it gives up after 5 s, and may take as long to end the service. */
const PROBE_TIMEOUT = "15s";

/** Length of the period in which a container may use up its processor time, in microseconds: the kernel's default. */
const CPU_PERIOD = 100_000;

/** What is kept of a container's log: at most 30 MB. */
const LOG_ROTATION = { "max-size": "10m", "max-file": "3" };

/** Changes that the provider calls updates and then does not make. */
export const REPLACE_ON_CHANGES = ["#initerror", "healthcheck", "init", "tmpfs", "cpuPeriod", "cpuQuota"];

/** A volume with files of a service, and where it is mounted. */
export interface FileVolume {
  folder: FileFolder;
  name: pulumi.Input<string>;
}

/** @param follows Whoever the container is replaced with: a name and an id. */
export function containerArgs(
  service: Service,
  fileVolumes: FileVolume[],
  follows: Record<string, pulumi.Input<string>>,
) {
  const volumes = [
    ...service.volumes,
    ...fileVolumes.map(({ folder, name }) => ({ name, path: folder.path })),
  ];
  return {
    name: hostName(service.service),
    image: service.image,
    ...(service.command === undefined ? {} : { command: service.command }),
    hostname: service.hostname,
    user: service.user,
    envs: Object.entries(service.env).map(([key, value]) => pulumi.interpolate`${key}=${value}`),
    volumes: volumes.map(({ name, path }) => ({ volumeName: name, containerPath: path })),
    ports:
      service.publish === false
        ? []
        : [{ internal: service.port, external: service.publish.port, ip: service.publish.address }],
    healthcheck: {
      tests: ["CMD", ...healthCommand(service)],
      interval: service.health.interval,
      startPeriod: service.health.startPeriod,
      timeout: PROBE_TIMEOUT,
      retries: RETRIES,
    },
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
    ...limits(service),
    ...hardening(service),
  } satisfies Partial<docker.ContainerArgs>;
}

function limits(service: Service) {
  return {
    memory: service.memory,
    // No swap on top: left out, docker fills in twice the memory and every second update would take it out again.
    memorySwap: service.memory,
    ...(service.sharedMemory === undefined ? {} : { shmSize: service.sharedMemory }),
    // Not `cpus`: docker refuses more of them than its host has, and only once the old container is gone.
    cpuPeriod: CPU_PERIOD,
    cpuQuota: Math.round(service.cpus * CPU_PERIOD),
    logDriver: "json-file",
    logOpts: LOG_ROTATION,
  };
}

function hardening(service: Service) {
  return {
    readOnly: true,
    tmpfs: service.tmpfs,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    // Process 1 passes signals on and reaps; the service is not it, so that its own probe can end it.
    init: true,
  };
}

/** The health check as docker runs it every few seconds; whoever waits for the service runs the plain probe. */
function healthCommand({ health }: Service): string[] {
  if (!health.liveness) return health.command;
  return ["/bin/agatha-liveness", String(RETRIES), String(seconds(health.startPeriod)), ...health.command];
}
