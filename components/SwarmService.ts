import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { posix } from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../lib/config/schema.ts";
import { dotted, NAMESPACE } from "../lib/config/text.ts";
import { isFormerDeployed } from "../lib/docker/deployedContainers.ts";
import { hostName, labels } from "../lib/docker/names.ts";
import { IMAGE_VARIABLE, versionOf } from "../lib/docker/swarm/services.ts";
import { UserError } from "../lib/userError.ts";
import { healthcheck, LOG_ROTATION, titleOf, unhealthyMs } from "./containerArgs.ts";
import type { DockerServiceArgs, ServiceGate } from "./DockerService.ts";
import type { ServiceFile, ServiceSpec } from "./serviceSpec.ts";
import { goneAt, registerStep, runAgain } from "./stepCommand.ts";

/** Longest file that a swarm keeps, in bytes (moby, MaxSecretSize and MaxConfigSize of 20.10). */
const FILE_BYTES = 500 * 1024 - 1;

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
      { parent: this, deleteBeforeReplace: true, ignoreChanges: isUndone ? [] : ["taskSpec.forceUpdate"] },
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
          SERVICE: titleOf(service),
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

/** The resource's name, which begins that in the swarm: at most 64 characters with what Pulumi adds. */
function fileName(service: string, { path }: ServiceFile): string {
  const plain = posix
    .basename(path)
    .slice(0, 30)
    .replace(/[^\w.-]/g, "-");
  return `${service}-${plain}-${createHash("sha256").update(path).digest("hex").slice(0, 8)}`;
}

/** The file's bytes, in base64. A swarm keeps no empty file: it gets a line's end. */
const swarmData = ({ content }: ServiceFile): pulumi.Output<string> =>
  pulumi.output(content).apply((data) => data || Buffer.from("\n").toString("base64"));

/** @throws UserError for a file that is too long for a swarm. */
export function refuseLongFiles({ back, front }: Pick<Config, "back" | "front">): void {
  for (const [service, { files }] of Object.entries({ back, front }))
    for (const [path, content] of Object.entries(files)) {
      const bytes = "file" in content ? statSync(content.file).size : Buffer.byteLength(content.text);
      if (bytes > FILE_BYTES)
        throw new UserError(
          `${NAMESPACE}:${dotted([service, "files", path])}: has ${bytes} bytes, and a swarm keeps files of at most ${FILE_BYTES}. Put it into the application.`,
        );
    }
}

/** @param versions Its files. @param follows Ids by name: a change of one makes new tasks. */
function swarmArgs(
  service: ServiceSpec,
  ref: string,
  versions: { file: ServiceFile; id: pulumi.Input<string>; name: pulumi.Input<string> }[],
  networkId: pulumi.Input<string>,
  follows: Record<string, pulumi.Input<string>>,
) {
  const { replicas, placement } = service.spread ?? { replicas: 1, placement: {} };
  const check = healthcheck(service);
  const change = (failureAction: string) => ({
    parallelism: 1,
    order: service.replacement === "beside" ? "start-first" : "stop-first",
    failureAction,
    // A task that ends within this time after its start makes docker undo the update: its own default.
    monitor: "5s",
  });
  const [fileUid = "0", fileGid = "0"] = service.user.split(":");
  const placed = ({ path, mode = "0400" }: ServiceFile) => ({
    ...{ fileName: path, fileUid, fileGid },
    fileMode: Number.parseInt(mode, 8),
  });
  return {
    name: hostName(service.service),
    // Never another one: with some versions of the provider, that makes another service.
    labels: labels(service.service),
    mode: { replicated: { replicas } },
    // By DNS alone: the gateway balances, and so it sees each task.
    endpointSpec: { mode: "dnsrr" },
    updateConfig: change("rollback"),
    // What serves again was watched when it was new. Docker's least is not none: that is its default of 5 s.
    rollbackConfig: { ...change("continue"), monitor: "1ms" },
    taskSpec: {
      containerSpec: {
        image: service.image,
        args: service.command,
        user: service.user,
        env: {
          ...service.env,
          [IMAGE_VARIABLE]: ref,
          ...Object.fromEntries(
            Object.entries(follows).map(([key, value]) => [`AGATHA_FOLLOWS_${key.toUpperCase()}`, value]),
          ),
        },
        mounts: Object.entries(service.tmpfs).map(([target, options]) => ({
          type: "tmpfs",
          target,
          // Only the service's user is there.
          tmpfsOptions: { mode: 0o777, sizeBytes: sizeOf(options) },
        })),
        secrets: versions
          .filter(({ file }) => !file.public)
          .map(({ file, id, name }) => ({ secretId: id, secretName: name, ...placed(file) })),
        configs: versions
          .filter(({ file }) => file.public)
          .map(({ file, id, name }) => ({ configId: id, configName: name, ...placed(file) })),
        healthcheck: {
          ...check,
          interval: short(check.interval),
          startPeriod: short(check.startPeriod),
        },
        stopSignal: service.stopSignal,
        stopGracePeriod: `${service.stopGraceSeconds}s`,
        readOnly: true,
        capDrops: ["ALL"],
        init: true,
      },
      resources: {
        limits: { memoryBytes: service.memory * 1024 * 1024, nanoCpus: Math.round(service.cpus * 1e9) },
      },
      restartPolicy: { condition: "any", delay: "1s", window: "0s" },
      placement: {
        constraints: Object.entries(placement).map(([label, value]) => `node.labels.${label}==${value}`),
      },
      networksAdvanceds: [{ id: networkId }],
      logDriver: { name: "json-file", options: LOG_ROTATION },
    },
  } satisfies docker.ServiceArgs;
}

/** A canonical duration as the provider reads it back from a service, where another form is a change: `1m` for `1m0s`. */
const short = (duration: string): string => duration.replace(/m0s$/, "m").replace(/h0m$/, "h");

/** The size in a folder's mount options (`…,size=64m`), in bytes. */
function sizeOf(options: string): number {
  const [, number, unit = ""] = /\bsize=(\d+)([km]?)/.exec(options) ?? [];
  return Number(number) * ({ k: 1024, m: 1024 * 1024 }[unit] ?? 1);
}
