/** Whether a docker host can run a stack's services as a swarm. */
import { UserError } from "../../userError.ts";
import { askDocker } from "../ask.ts";
import type { DockerHost } from "../host.ts";

/** What `docker info` says of a host's swarm. */
interface SwarmInfo {
  /** `active` in a swarm, `inactive` in none. */
  LocalNodeState: string;
  /** Whether the host is a manager. */
  ControlAvailable: boolean;
  /** Number of the swarm's nodes; a worker does not know it. */
  Nodes?: number;
}

/** What a service's name may be, which is part of a DNS name (swarmkit, manager/controlapi/common.go). */
const NAME = /^(?=.{1,63}$)[a-zA-Z\d](?:[-_]*[a-zA-Z\d]+)*$/;

/** @param names Of its services. @throws UserError if docker does not take them. */
export function refuseUnfitNames(stack: string, names: string[]): void {
  if (!names.every((name) => NAME.test(name)))
    throw new UserError(
      `agatha:target: "swarm" does not take the name of stack "${stack}" as part of a service's. Use one of at most 50 letters, digits, - and _ (docs/environments.md).`,
    );
}

/** What makes a swarm of a docker host alone. By default docker would listen for further nodes on every interface. */
export const INIT = ["swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr", "127.0.0.1"];

/** Undefined if the host does not answer: whatever needs it reports that. */
export async function askSwarm(host: DockerHost): Promise<SwarmInfo | undefined> {
  const { stdout, error } = await askDocker(["info", "--format", "{{json .Swarm}}"], host);
  return error === undefined ? (JSON.parse(stdout) as SwarmInfo) : undefined;
}

/** @throws UserError with the way. */
export async function refuseUnfitSwarm(host: DockerHost, hasRegistry: boolean): Promise<void> {
  const info = await askSwarm(host);
  const reason = info && unfit(info, host.address, hasRegistry);
  if (reason !== undefined) throw new UserError(reason);
}

/** Why it cannot; undefined if it can. */
export function unfit(
  { LocalNodeState, ControlAvailable, Nodes = 1 }: SwarmInfo,
  address: string,
  hasRegistry: boolean,
): string | undefined {
  if (LocalNodeState === "locked")
    return `agatha:target: "swarm" needs a swarm, and that of the docker host at "${address}" is locked. Unlock it there: \`docker swarm unlock\`.`;
  if (LocalNodeState !== "active")
    return `agatha:target: "swarm" needs a swarm, and the docker host at "${address}" is in none. Make one there: \`docker ${INIT.join(" ")}\`, or with an address that further nodes reach (docs/scale.md).`;
  if (!ControlAvailable)
    return `agatha:target: "swarm" needs a manager, and the docker host at "${address}" is a worker of its swarm. Set agatha:dockerHost to a manager.`;
  if (Nodes > 1 && !hasRegistry)
    return `agatha:registry: is missing, and the swarm has ${Nodes} nodes, which pull the images from there. Set registry.address (docs/remote-hosts.md).`;
  return undefined;
}
