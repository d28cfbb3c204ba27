/** What the program and its commands read in a stack's state. */
import type { HeldHost } from "../docker/stackHost.ts";

/** A resource in an exported state. */
interface Resource {
  urn: string;
  type: string;
  id?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

/** The part of a stack's state that is read. */
export interface Deployment {
  resources?: Resource[];
  pending_operations?: { type: string; resource: Resource }[];
}

/** Something on the docker host that the update was making when it was killed. */
interface Unfinished {
  kind: "container" | "network" | "service";
  name: string;
}

const KINDS: Record<string, Unfinished["kind"]> = {
  "docker:index/container:Container": "container",
  "docker:index/network:Network": "network",
  "docker:index/service:Service": "service",
};

/**
 * What has to be removed before the next update: the state does not know it, so that the update would make it again, and
 * fail because the name is taken.
 */
export function unfinished({ pending_operations = [] }: Deployment): Unfinished[] {
  return pending_operations.flatMap(({ type, resource }) => {
    const kind = KINDS[resource.type];
    const name = resource.inputs?.["name"];
    return type === "creating" && kind !== undefined && typeof name === "string" ? [{ kind, name }] : [];
  });
}

/** The docker host of the stack's containers, as its provider has it; undefined for the environment's host. */
export function dockerHostInState({ resources = [] }: Deployment): string | undefined {
  const host = resources.find(({ type }) => type === "pulumi:providers:docker")?.inputs?.["host"];
  return typeof host === "string" ? host : undefined;
}

/** The docker host that holds the stack (lib/docker/stackHost.ts); undefined if the state has none. */
export function heldHostOf({ resources = [] }: Deployment): HeldHost | undefined {
  const stash = resources.find(
    ({ type, urn }) => type === "pulumi:index:Stash" && urn.endsWith("::docker-host"),
  );
  const held = stash?.outputs?.["output"] as Partial<HeldHost> | undefined;
  return held?.engine ? { ...held, engine: held.engine, address: held.address ?? "" } : undefined;
}

/** Whether the stack was made on a swarm (`agatha:target`). */
export const isOnSwarm = (deployment: Deployment): boolean => heldHostOf(deployment)?.target === "swarm";

/** Also if the state does not say, as that of an update that was killed early. */
export const mayBeOnSwarm = (deployment: Deployment): boolean =>
  heldHostOf(deployment) === undefined || isOnSwarm(deployment);

/** The volume with the stack's data, and the stack that it is labelled as. */
export function volumeIn({ resources = [] }: Deployment): { name: string; stack: string } | undefined {
  const found = resources.find(
    ({ type, urn }) => type === "docker:index/volume:Volume" && urn.endsWith("::db-data"),
  );
  const { name, labels = [] } = (found?.inputs ?? {}) as {
    name?: string;
    labels?: { label: string; value: string }[];
  };
  const stack = labels.find(({ label }) => label === "agatha.stack")?.value;
  return name === undefined || stack === undefined ? undefined : { name, stack };
}

/** The stack's outputs; secrets stay encrypted. */
export const outputsOf = ({ resources = [] }: Deployment): Record<string, unknown> =>
  resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};

/** Whether nothing on a docker host is the state's. */
export const isEmpty = ({ resources = [], pending_operations = [] }: Deployment): boolean =>
  ![...resources, ...pending_operations.map(({ resource }) => resource)].some(({ type }) =>
    type.startsWith("docker:"),
  );
