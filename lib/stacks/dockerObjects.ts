/** What a stack has on its docker host and in a swarm, found by its labels. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Kind, ofStack, removal, SERVICE_LABEL } from "../docker/arguments.ts";
import { dockerError, dockerLines } from "../docker/client.ts";
import { type Inspected, imageOf, isUndone, swarmLines } from "../docker/swarm/services.ts";
import { type Env, run } from "../process.ts";
import { isRolling } from "../serviceNames.ts";
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
  kind: "container" | "network" | "volume",
  stack: string,
  env: Env,
): Promise<DockerObject[]> {
  const isContainer = kind === "container";
  const fields = isContainer ? ["Names", "Status", "Ports", "Image", "ID"] : ["Name"];
  const format = [`{{.Label "${SERVICE_LABEL}"}}`, ...fields.map((field) => `{{.${field}}}`)].join("\t");
  const all = isContainer ? ["--all"] : [];
  const lines = await dockerLines([kind, "ls", ...all, ...ofStack(stack), "--format", format], env);
  return lines.map((line) => {
    const [service = "", name = "", status = "", ports = "", image = "", id = ""] = line.split("\t");
    return { id, service, name, status, ports, image };
  });
}

/** The services in a swarm, described as containers are: a task runs once it is healthy. */
export async function swarmServices(stack: string, env: Env): Promise<DockerObject[]> {
  const list = await swarmLines(
    ["service", "ls", ...ofStack(stack), "--format", "{{.Name}}\t{{.Replicas}}"],
    env,
  );
  if (list.length === 0) return [];
  const replicas = new Map(list.map((line) => line.split("\t") as [string, string]));
  const found = await swarmLines(["service", "inspect", "--format", "{{json .}}", ...replicas.keys()], env);
  return found.map((line) => {
    const service = JSON.parse(line) as Inspected;
    const { Name: name, Labels } = service.Spec;
    const [running = 0, wanted = 0] = (replicas.get(name) ?? "").split("/").map((text) => parseInt(text, 10));
    // Those that are about to end run too.
    const isWell = wanted > 0 && running >= wanted;
    return {
      ...{ id: "", service: Labels[SERVICE_LABEL] ?? "", name, ports: "", image: imageOf(service) },
      status: isWell ? `Up with ${wanted} of ${wanted} tasks (healthy)` : `${running} of ${wanted} tasks run`,
      swarm: { undone: isUndone(service.UpdateStatus?.State ?? "") },
    };
  });
}

/** Whether containers are of a stack on one host: a swarm that the host may be in has nothing of it, and need not be well. */
export const areOnOneHost = (containers: DockerObject[]): boolean =>
  containers.some(({ service }) => isRolling(service));

/** What runs of a stack: containers, newest first, and services in a swarm. @throws UserError with docker's message. */
export async function runningParts(stack: string, env: Env): Promise<DockerObject[]> {
  const containers = await dockerObjects("container", stack, env);
  return areOnOneHost(containers) ? containers : [...containers, ...(await swarmServices(stack, env))];
}

/** Docker's errors for a container that is gone: a backup's or an update's ends by itself when its server is gone. */
const GONE = /no such container|already in progress/i;

/** Docker's errors for a network whose tasks still end; how long that may take, and the time between two tries, in milliseconds. */
const IN_USE = /in use by task|active endpoints/;
const END_MS = 60_000;
const PAUSE_MS = 500;

/**
 * Removes one, a container even if it runs, or does with it what the arguments for docker say.
 *
 * @returns False if it is a container that is gone already.
 * @throws UserError with docker's message.
 */
export async function removeObject(
  kind: Kind,
  name: string,
  env: Env,
  args = removal(kind, name),
): Promise<boolean> {
  for (const start = performance.now(); ; await sleep(PAUSE_MS)) {
    const result = await run("docker", args, { env });
    if (result.code === 0) return true;
    if (GONE.test(result.stderr)) return false;
    const mayEnd = kind === "network" && IN_USE.test(result.stderr);
    if (!mayEnd || performance.now() - start > END_MS)
      throw new UserError(await dockerError(args, result, env));
  }
}
