/** A stack's containers, networks and volumes on its docker host, found by their labels. */
import { type Kind, ofStack, removal, SERVICE_LABEL } from "../docker/arguments.ts";
import { dockerError, dockerLines } from "../docker/client.ts";
import { run } from "../process.ts";
import { UserError } from "../userError.ts";

export interface DockerObject {
  /** A container's, its first 12 digits. */
  id: string;
  service: string;
  name: string;
  /** A container's, in docker's words: `Up 2 minutes (healthy)`. */
  status: string;
  ports: string;
  image: string;
  /** Of a service in a swarm: whether docker undid its last update. Its tasks run on any node. */
  swarm?: { undone: boolean };
}

/** Containers come newest first. @throws UserError with docker's message. */
export async function dockerObjects(
  kind: Kind,
  stack: string,
  env: NodeJS.ProcessEnv,
): Promise<DockerObject[]> {
  const fields = kind === "container" ? ["Names", "Status", "Ports", "Image", "ID"] : ["Name"];
  const format = [`{{.Label "${SERVICE_LABEL}"}}`, ...fields.map((field) => `{{.${field}}}`)].join("\t");
  const all = kind === "container" ? ["--all"] : [];
  const lines = await dockerLines([kind, "ls", ...all, ...ofStack(stack), "--format", format], env);
  return lines.map((line) => {
    const [service = "", name = "", status = "", ports = "", image = "", id = ""] = line.split("\t");
    return { id, service, name, status, ports, image };
  });
}

/** Names of the volumes with the data: the others hold files that the configuration has too. */
export const dataIn = (volumes: DockerObject[]): string[] =>
  volumes.filter(({ service }) => service === "db").map(({ name }) => name);

/**
 * Removes one, a container even if it runs.
 *
 * @returns False if it is a container that is gone already.
 * @throws UserError with docker's message.
 */
export const removeObject = (kind: Kind, name: string, env: NodeJS.ProcessEnv): Promise<boolean> =>
  unlessGone(removal(kind, name), env);

/** Shuts a container down cleanly; as `removeObject`. */
export const stopContainer = (name: string, env: NodeJS.ProcessEnv): Promise<boolean> =>
  unlessGone(["stop", name], env);

/** Docker's errors for a container that is gone: a backup's or an update's ends by itself when its server is gone. */
const GONE = /no such container|already in progress/i;

async function unlessGone(args: string[], env: NodeJS.ProcessEnv): Promise<boolean> {
  const result = await run("docker", args, { env });
  if (result.code === 0) return true;
  if (GONE.test(result.stderr)) return false;
  throw new UserError(await dockerError(args, result, env));
}
