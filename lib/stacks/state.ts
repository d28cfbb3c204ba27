/** What the program and its commands read in a stack's state. */
import type { HeldHost } from "../docker/stackHost.ts";

interface Resource {
  urn: string;
  type: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

/** The part of a stack's exported state that is read. */
export interface Deployment {
  resources?: Resource[];
  pending_operations?: { type: string; resource: Resource }[];
}

const resourceIn = ({ resources = [] }: Deployment, type: string, name?: string): Resource | undefined =>
  resources.find((one) => one.type === type && (name === undefined || one.urn.endsWith(`::${name}`)));

/** The kinds of things that an update makes anew after it was killed, and then finds their names taken. */
const KINDS = {
  "docker:index/container:Container": "container",
  "docker:index/network:Network": "network",
  "docker:index/service:Service": "service",
} as const;

/** What an update was making on the docker host when it was killed, which the state does not know. */
export const unfinished = ({ pending_operations = [] }: Deployment) =>
  pending_operations.flatMap(({ type, resource }) => {
    const kind = KINDS[resource.type as keyof typeof KINDS];
    const name = resource.inputs?.["name"];
    return type === "creating" && kind !== undefined && typeof name === "string" ? [{ kind, name }] : [];
  });

/** The docker host of the stack's containers, as its provider has it; undefined for the environment's host. */
export function dockerHostInState(deployment: Deployment): string | undefined {
  const host = resourceIn(deployment, "pulumi:providers:docker")?.inputs?.["host"];
  return typeof host === "string" ? host : undefined;
}

/** The docker host that holds the stack (lib/docker/stackHost.ts); undefined if the state has none. */
export function heldHostOf(deployment: Deployment): HeldHost | undefined {
  const stash = resourceIn(deployment, "pulumi:index:Stash", "docker-host");
  const held = stash?.outputs?.["output"] as HeldHost | undefined;
  return held?.engine ? held : undefined;
}

/** Whether the stack was made on a swarm (`agatha:target`). */
export const isOnSwarm = (deployment: Deployment): boolean => heldHostOf(deployment)?.target === "swarm";

/** Also if the state does not say, as that of an update that was killed early. */
export const mayBeOnSwarm = (deployment: Deployment): boolean =>
  heldHostOf(deployment) === undefined || isOnSwarm(deployment);

/** The volume with the stack's data, and the stack that it is labelled as. */
export function volumeIn(deployment: Deployment): { name: string; stack: string } | undefined {
  const volume = resourceIn(deployment, "docker:index/volume:Volume", "db-data");
  const { name, labels = [] } = (volume?.inputs ?? {}) as {
    name?: string;
    labels?: { label: string; value: string }[];
  };
  const stack = labels.find(({ label }) => label === "agatha.stack")?.value;
  return name === undefined || stack === undefined ? undefined : { name, stack };
}

/** The stack's outputs; secrets stay encrypted. */
export const outputsOf = (deployment: Deployment): Record<string, unknown> =>
  resourceIn(deployment, "pulumi:pulumi:Stack")?.outputs ?? {};

/** Whether nothing on a docker host is the state's. */
export const isEmpty = ({ resources = [], pending_operations = [] }: Deployment): boolean =>
  ![...resources, ...pending_operations.map(({ resource }) => resource)].some(({ type }) =>
    type.startsWith("docker:"),
  );
