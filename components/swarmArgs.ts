/** The inputs of a service in a swarm. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { posix } from "node:path";
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../lib/config/schema.ts";
import { dotted, NAMESPACE } from "../lib/config/text.ts";
import { hostName, labels } from "../lib/docker/names.ts";
import { IMAGE_VARIABLE } from "../lib/docker/swarm/services.ts";
import { UserError } from "../lib/userError.ts";
import { healthcheck, LOG_ROTATION } from "./containerArgs.ts";
import type { ServiceFile, ServiceSpec } from "./serviceSpec.ts";

/** Longest file that a swarm keeps, in bytes (moby, MaxSecretSize and MaxConfigSize of 20.10). */
const FILE_BYTES = 500 * 1024 - 1;

/** After its start, a task that ends within this time makes docker undo the update: its own default. */
const MONITOR = "5s";

/** A file as a secret or a config of the swarm. */
interface Version {
  file: ServiceFile;
  id: pulumi.Input<string>;
  name: pulumi.Input<string>;
}

/** The resource's name, which begins that in the swarm: at most 64 characters with what Pulumi adds. */
export function fileName(service: string, { path }: ServiceFile): string {
  const plain = posix
    .basename(path)
    .replace(/[^\w.-]/g, "-")
    .slice(0, 30);
  return `${service}-${plain}-${createHash("sha256").update(path).digest("hex").slice(0, 8)}`;
}

/** The file's bytes, in base64. A swarm keeps no empty file: it gets a line's end. */
export const swarmData = ({ content }: ServiceFile): pulumi.Output<string> =>
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

/**
 * @param ref The ref of its image.
 * @param versions Its files.
 * @param follows Ids by name: a change of one makes new tasks.
 */
export function swarmArgs(
  service: ServiceSpec,
  ref: string,
  versions: Version[],
  networkId: pulumi.Input<string>,
  follows: Record<string, pulumi.Input<string>>,
) {
  const { replicas, placement } = service.spread ?? { replicas: 1, placement: {} };
  const check = healthcheck(service);
  const change = (failureAction: string) => ({
    parallelism: 1,
    order: service.replacement === "beside" ? "start-first" : "stop-first",
    failureAction,
    monitor: MONITOR,
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
          .map(({ file, id, name }) => ({ secretId: id, secretName: name, ...placed(service, file) })),
        configs: versions
          .filter(({ file }) => file.public)
          .map(({ file, id, name }) => ({ configId: id, configName: name, ...placed(service, file) })),
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

const placed = ({ user }: ServiceSpec, { path, mode = "0400" }: ServiceFile) => {
  const [fileUid = "0", fileGid = "0"] = user.split(":");
  return { fileName: path, fileUid, fileGid, fileMode: Number.parseInt(mode, 8) };
};

/** A canonical duration as the provider reads it back from a service, where another form is a change: `1m` for `1m0s`. */
const short = (duration: string): string => duration.replace(/m0s$/, "m").replace(/h0m$/, "h");

/** The size in a folder's mount options (`…,size=64m`), in bytes. */
function sizeOf(options: string): number {
  const [, number, unit = ""] = /\bsize=(\d+)([km]?)/.exec(options) ?? [];
  return Number(number) * ({ k: 1024, m: 1024 * 1024 }[unit] ?? 1);
}
