/** What a stack has in a swarm, found by its labels. */
import { ofStack, SERVICE_LABEL } from "../docker/arguments.ts";
import { type Inspected, imageOf, isUndone, swarmLines } from "../docker/swarm/services.ts";
import { isRolling } from "../serviceNames.ts";
import { type DockerObject, dockerObjects } from "./dockerObjects.ts";

/** What a stack has there, in the order in which it can be removed. */
export const SWARM_KINDS = ["service", "secret", "config"] as const;

/** Names of what is there; none if the docker host is no manager of a swarm. @throws UserError with docker's message. */
export const swarmNames = async (
  kind: (typeof SWARM_KINDS)[number],
  stack: string,
  env: NodeJS.ProcessEnv,
): Promise<string[]> => swarmLines([kind, "ls", ...ofStack(stack), "--format", "{{.Name}}"], env);

/** The services, described as containers are: a task runs once it is healthy. */
export async function swarmServices(stack: string, env: NodeJS.ProcessEnv): Promise<DockerObject[]> {
  const list = await swarmLines(
    ["service", "ls", ...ofStack(stack), "--format", "{{.Name}}\t{{.Replicas}}"],
    env,
  );
  if (list.length === 0) return [];
  const replicas = new Map(list.map((line) => line.split("\t") as [string, string]));
  const found = await swarmLines(["service", "inspect", "--format", "{{json .}}", ...replicas.keys()], env);
  return found.map((line) => {
    const one = JSON.parse(line) as Inspected;
    const { Spec, UpdateStatus } = one;
    const [running = 0, wanted = 0] = (replicas.get(Spec.Name) ?? "")
      .split("/")
      .map((text) => Number.parseInt(text, 10));
    return {
      id: "",
      service: Spec.Labels[SERVICE_LABEL] ?? "",
      name: Spec.Name,
      status:
        // Those that are about to end run too.
        wanted > 0 && running >= wanted
          ? `Up with ${wanted} of ${wanted} tasks (healthy)`
          : `${running} of ${wanted} tasks run`,
      ports: "",
      image: imageOf(one),
      swarm: { undone: isUndone(UpdateStatus?.State ?? "") },
    };
  });
}

/** Whether containers are of a stack on one host: a swarm that the host may be in has nothing of it, and need not be well. */
export const areOnOneHost = (containers: DockerObject[]): boolean =>
  containers.some(({ service }) => isRolling(service));

/** What runs of a stack: containers, newest first, and services in a swarm. @throws UserError with docker's message. */
export async function runningParts(stack: string, env: NodeJS.ProcessEnv): Promise<DockerObject[]> {
  const containers = await dockerObjects("container", stack, env);
  if (areOnOneHost(containers)) return containers;
  return [...containers, ...(await swarmServices(stack, env))];
}
