/** The step that puts a service's files into volumes of its container. */
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Deployed } from "../lib/docker/deployedContainers.ts";
import { hostName } from "../lib/docker/names.ts";
import { type Mount, replacing } from "./containerArgs.ts";
import { fileFolders } from "./fileFolders.ts";
import type { ServiceSpec } from "./serviceSpec.ts";
import { dockerEnvironment, goneAt, runAgain, stepCommand } from "./stepCommand.ts";

export interface FilesArgs {
  /** What is to run. Plain, because ports and files decide what is registered. */
  service: ServiceSpec;
  /** Its container that is deployed now. Default: unknown. */
  deployed?: Deployed | undefined;
  /** Ids by name: a change of one replaces the container too. */
  follows?: Record<string, pulumi.Input<string>>;
  /** The docker host. Default: the environment's. */
  dockerHost?: string | undefined;
}

interface PlacedFiles {
  mounts: Mount[];
  /** For the container, which is made anew whenever the files are. */
  follows: Record<string, pulumi.Input<string>>;
}

/**
 * Registers the step. A changed file makes new volumes, so that the running container keeps its own. Of a service whose
 * containers can be there at once, each container has volumes of its own: with anything that makes another container, the step
 * runs again. Of other services, those without files have no such step.
 */
export function placedFiles(name: string, args: FilesArgs, parent: pulumi.Resource): PlacedFiles | undefined {
  const { service, deployed, follows = {} } = args;
  const inPlace = service.replacement === "instead";
  if (inPlace && service.files.length === 0) return undefined;
  const folders = fileFolders(
    service.files.map(({ path }) => path),
    service.ownFolders,
  );
  // Without its container, the volumes may be gone too. Docker would make empty ones.
  const again = runAgain("ABSENT_AT", goneAt(deployed));
  const placed = new command.local.Command(
    `${name}-files`,
    {
      create: stepCommand("place-files"),
      delete: stepCommand("remove-files"),
      environment: {
        FOLDERS: JSON.stringify(folders),
        LABEL: `${service.service}-files`,
        OWNER: service.user,
        PREFIX: hostName(`${service.service}-files`),
        STACK: pulumi.getStack(),
        // The image is an input only if something in it is kept: otherwise a new jar does not touch the files. The container that is
        // there in every stack is the database's.
        COURIER: pulumi.jsonStringify(
          folders.some(({ keep }) => keep) || service.service === "db"
            ? { image: service.image }
            : { container: hostName("db") },
        ),
        ...(service.replacement === "after" ? { STOP: service.service } : {}),
        ...again.environment,
        ...dockerEnvironment(args.dockerHost),
      },
      ...stdin(service),
      ...(inPlace ? {} : { triggers: [pulumi.jsonStringify(replacing(service, follows))] }),
      logging: "none",
    },
    {
      parent,
      replaceOnChanges: ["create", "delete", "environment", "stdin", "triggers"],
      ignoreChanges: again.ignoreChanges,
      additionalSecretOutputs: ["stderr"],
    },
  );
  const volume = (index: number) => placed.stdout.apply((names) => names.split(" ")[index] ?? "");
  return {
    mounts: folders.map(({ path }, index) => ({ path, name: volume(index) })),
    follows: inPlace ? {} : { files: placed.id },
  };
}

/** The files for the step's standard input, which is a secret as a whole. */
function stdin({ files }: ServiceSpec): { stdin?: pulumi.Output<string> } {
  if (files.length === 0) return {};
  const placed = files.map(({ path, content, mode }) => ({ path, content, mode: mode ?? "0400" }));
  return { stdin: pulumi.secret(pulumi.jsonStringify(placed)) };
}
