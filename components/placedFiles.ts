/** The step that puts a service's files into volumes of its container. */
import { posix } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { Deployed } from "../lib/docker/deployedContainers.ts";
import { hostName } from "../lib/docker/names.ts";
import { type Mount, replacing } from "./containerArgs.ts";
import type { ServiceSpec } from "./serviceSpec.ts";
import { goneAt, registerStep, runAgain } from "./stepCommand.ts";

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
export function placedFiles(name: string, args: FilesArgs, parent: pulumi.Resource): PlacedFiles {
  const { service, deployed, follows = {}, dockerHost } = args;
  const inPlace = service.replacement === "instead";
  if (inPlace && service.files.length === 0) return { mounts: [], follows: {} };
  const folders = fileFolders(
    service.files.map(({ path }) => path),
    service.ownFolders,
  );
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
    follows: inPlace ? {} : { files: placed.id },
  };
}

/** The files for the step's standard input, which is a secret as a whole; undefined if there are none. */
function contents({ files }: ServiceSpec): pulumi.Output<string> | undefined {
  const placed = files.map(({ path, content, mode = "0400" }) => ({ path, content, mode }));
  return files.length === 0 ? undefined : pulumi.secret(pulumi.jsonStringify(placed));
}

/**
 * The folders that have to be volumes for some files: for each its parent, or the service's own folder that it is in. No folder
 * is inside another. With `keep`, the image's content is kept; it is not in the service's own folders.
 *
 * @param paths Absolute paths of the files, none directly below the root.
 */
export function fileFolders(paths: string[], own: string[]): { path: string; keep: boolean }[] {
  const wanted = paths.map((path) => own.find((folder) => within(folder, path)) ?? posix.dirname(path));
  const outermost = [...new Set(wanted)].filter((folder) => !wanted.some((other) => within(other, folder)));
  return outermost.sort().map((path) => ({ path, keep: !own.includes(path) }));
}

const within = (folder: string, path: string): boolean => path.startsWith(`${folder}/`);
