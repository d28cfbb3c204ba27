import { createHash } from "node:crypto";
import { posix } from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Deployed } from "../lib/docker/deployedContainers.ts";
import { hostName } from "../lib/docker/names.ts";
import { toMilliseconds } from "../lib/duration.ts";
import { containerArgs, REPLACE_ON_CHANGES, replacing, titleOf } from "./containerArgs.ts";
import type { ServiceSpec } from "./serviceSpec.ts";
import { goneAt, now, registerStep, runAgain } from "./stepCommand.ts";

/** The step that waits until a service serves, and its inputs beside those that every such step has. */
export interface ServiceGate {
  step: string;
  environment: Record<string, pulumi.Input<string>>;
}

export interface DockerServiceArgs {
  /** What is to run. Plain, because ports and files decide what is registered. */
  service: ServiceSpec;
  /** The stack's network. */
  network: pulumi.Input<string>;
  /** Its container that is deployed now. Default: unknown. */
  deployed?: Deployed | undefined;
  /** Ids by name: a change of one replaces the container too. */
  follows?: Record<string, pulumi.Input<string>>;
  /** The docker host. Default: the environment's. */
  dockerHost?: string | undefined;
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
    const files = placeFiles(name, args, this);
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
    const isCutOff = typeof deployed === "object" && !deployed.connected;
    const cutOff = isCutOff ? [hostName("network"), now(), ...service.aliases].join(" ") : undefined;
    registerStep(
      `${name}-healthy`,
      {
        step: gate?.step ?? "await-healthy",
        dockerHost: args.dockerHost,
        environment: {
          CONTAINER: container.id,
          PROBE: JSON.stringify(service.health.command),
          PROCESSES: String(service.processes),
          SERVICE: titleOf(service),
          START_PERIOD_MS: String(toMilliseconds(service.health.startPeriod)),
          ...gate?.environment,
        },
        again: runAgain("CUT_OFF", cutOff),
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

/**
 * Registers the step that puts a service's files into volumes of its container. A changed file makes new volumes, so that the
 * running container keeps its own. Of a service whose containers can be there at once, each container has volumes of its own:
 * with anything that makes another container, the step runs again. Of other services, those without files have no such step.
 */
function placeFiles(
  name: string,
  { service, deployed, follows = {}, dockerHost }: DockerServiceArgs,
  parent: pulumi.Resource,
): { mounts: ServiceSpec["volumes"]; follows: Record<string, pulumi.Input<string>> } {
  const inPlace = service.replacement === "instead";
  if (inPlace && service.files.length === 0) return { mounts: [], follows: {} };
  const folders = fileFolders(service);
  // The image is an input only if something in it is kept: otherwise a new jar does not touch the files. The container that is
  // there in every stack is the database's.
  const needsImage = folders.some(({ keep }) => keep) || service.service === "db";
  const placed = registerStep(
    `${name}-files`,
    {
      step: "place-files",
      undo: "remove-files",
      dockerHost,
      environment: {
        FOLDERS: JSON.stringify(folders),
        LABEL: `${service.service}-files`,
        OWNER: service.user,
        PREFIX: hostName(`${service.service}-files`),
        STACK: pulumi.getStack(),
        COURIER: pulumi.jsonStringify(needsImage ? { image: service.image } : { container: hostName("db") }),
        STOP: service.replacement === "after" ? service.service : undefined,
      },
      // Without its container, the volumes may be gone too. Docker would make empty ones.
      again: runAgain("ABSENT_AT", goneAt(deployed)),
      stdin: contents(service),
      triggers: inPlace ? undefined : [pulumi.jsonStringify(replacing(service, follows))],
      logging: "none",
    },
    {
      parent,
      replaceOnChanges: ["create", "delete", "environment", "stdin", "triggers"],
      additionalSecretOutputs: ["stderr"],
    },
  );
  const volume = (index: number) => placed.stdout.apply((names) => names.split(" ")[index] ?? "");
  return {
    mounts: folders.map(({ path }, index) => ({ path, name: volume(index) })),
    // The container is made anew whenever the files are.
    follows: inPlace ? {} : { files: placed.id },
  };
}

/** The files for the step's standard input, which is a secret as a whole; undefined if there are none. */
function contents({ files }: ServiceSpec): pulumi.Output<string> | undefined {
  const placed = files.map(({ path, content, mode = "0400" }) => ({ path, content, mode }));
  return files.length === 0 ? undefined : pulumi.secret(pulumi.jsonStringify(placed));
}

/**
 * The folders that have to be volumes for the files, none of which is directly below the root: for each its parent, or the
 * service's own folder that it is in. No folder is inside another. With `keep`, the image's content is kept beside the files.
 */
export function fileFolders({ files, ownFolders: own }: Pick<ServiceSpec, "files" | "ownFolders">) {
  const wanted = files.map(({ path }) => own.find((folder) => within(folder, path)) ?? posix.dirname(path));
  const outermost = [...new Set(wanted)].filter((folder) => !wanted.some((other) => within(other, folder)));
  return outermost.sort().map((path) => ({ path, keep: !own.includes(path) }));
}

const within = (folder: string, path: string): boolean => path.startsWith(`${folder}/`);
