/** What an update that was killed leaves in the state, and what it takes to go on. */
import type { HeldHost } from "../docker/heldHost.ts";
import type { ListedStack } from "./stack.ts";

/** A lock of Pulumi's file backend: who holds the stack. */
interface Lock {
  pid: number;
  hostname: string;
  username: string;
  timestamp: string;
}

/** A resource in an exported state. */
interface Resource {
  urn: string;
  type: string;
  id?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

/** The part of a stack's state that is looked at. */
export interface Deployment {
  resources?: Resource[];
  pending_operations?: { type: string; resource: Resource }[];
}

/** Something on the docker host that the update was making when it was killed. */
export interface Unfinished {
  kind: "container" | "network";
  name: string;
}

const KINDS: Record<string, Unfinished["kind"]> = {
  "docker:index/container:Container": "container",
  "docker:index/network:Network": "network",
};

/** Names that Pulumi's process goes by: nixpkgs wraps it as `.pulumi-wrapped`. */
const PULUMI = /pulumi/;

/**
 * Whether a lock's holder has ended: it ran on this host, and there is no such process now, or it is not Pulumi's.
 *
 * @param lock The lock's file.
 * @param program The name of the program that has a process id now; undefined where there is none.
 */
export function isStale(lock: string, host: string, program: (pid: number) => string | undefined): boolean {
  try {
    const { pid, hostname } = JSON.parse(lock) as Partial<Lock>;
    return hostname === host && typeof pid === "number" && !PULUMI.test(program(pid) ?? "");
  } catch {
    // It may be written this moment.
    return false;
  }
}

/** Tells the locks whose holder has ended from all others, by their paths. */
export function sortLocks(
  locks: { path: string; content: string }[],
  host: string,
  program: (pid: number) => string | undefined,
): { stale: string[]; held: string[] } {
  const of = (stale: boolean) =>
    locks.filter(({ content }) => isStale(content, host, program) === stale).map(({ path }) => path);
  return { stale: of(true), held: of(false) };
}

/** Whether a stack is Pulumi Cloud's, and no update holds it. */
export function isFreeInCloud(stacks: ListedStack[], stack: string): boolean {
  const found = stacks.find(({ name }) => name === stack || name.endsWith(`/${stack}`));
  return found?.url !== undefined && found.updateInProgress !== true;
}

/**
 * What has to go before its resource can be made: the state does not know it, so that the next update would make it
 * again, and fail since the name is taken.
 */
export function unfinished({ pending_operations = [] }: Deployment): Unfinished[] {
  return pending_operations.flatMap(({ type, resource }) => {
    const kind = KINDS[resource.type];
    const name = resource.inputs?.["name"];
    return type === "creating" && kind !== undefined && typeof name === "string" ? [{ kind, name }] : [];
  });
}

/** Where the stack's containers run, as its docker provider has it; undefined for the environment's host. */
export function dockerHostOf({ resources = [] }: Deployment): string | undefined {
  const host = resources.find(({ type }) => type === "pulumi:providers:docker")?.inputs?.["host"];
  return typeof host === "string" ? host : undefined;
}

/** The docker host that holds the stack (lib/docker/heldHost.ts); undefined where the state has none. */
export function heldHostOf({ resources = [] }: Deployment): HeldHost | undefined {
  const stash = resources.find(
    ({ type, urn }) => type === "pulumi:index:Stash" && urn.endsWith("::docker-host"),
  );
  const held = stash?.outputs?.["output"] as Partial<HeldHost> | undefined;
  return held?.engine ? { engine: held.engine, address: held.address ?? "" } : undefined;
}

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
