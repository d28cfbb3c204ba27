/** A swarm of temporary docker hosts on this machine. Each pair of nodes has a link of its own. */

import { setTimeout as sleep } from "node:timers/promises";
import { removeLeftBehind } from "../../lib/stacks/withoutState.ts";
import { Engine } from "./engine.ts";
import { removeEngine } from "./engineRemoval.ts";
import { lines, well } from "./host.ts";
import type { Scratch } from "./scratch.ts";

/** Networks of the engines (engine.ts): a registry of this machine is reached at the manager's end. */
const ENGINES = "10.128.0.0/9";

export class Swarm {
  readonly manager: Engine;
  readonly workers: Engine[];

  private constructor(manager: Engine, workers: Engine[]) {
    this.manager = manager;
    this.workers = workers;
  }

  /** One manager, and further nodes. @param size Number of nodes. */
  static async make(size: number): Promise<Swarm> {
    const made = await Promise.allSettled(
      Array.from({ length: size }, () => Engine.make({ args: () => ["--insecure-registry", ENGINES] })),
    );
    const nodes = made.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
    const swarm = () => new Swarm(nodes[0] as Engine, nodes.slice(1));
    try {
      for (const one of made) if (one.status === "rejected") throw one.reason;
      for (const [index, node] of nodes.entries())
        for (const other of nodes.slice(index + 1)) await link(node, other);
      await swarm().join();
      return swarm();
    } catch (error) {
      await swarm().remove();
      throw error;
    }
  }

  private async join(): Promise<void> {
    const { manager, workers } = this;
    await docker(manager, "swarm", "init", "--advertise-addr", manager.address);
    const token = await docker(manager, "swarm", "join-token", "--quiet", "worker");
    const join = ["swarm", "join", "--token", token, `${manager.address}:2377`, "--advertise-addr"];
    await Promise.all(workers.map((worker) => docker(worker, ...join, worker.address)));
  }

  /** The node that runs a task, unless it is the manager. */
  async workerOf(service: string): Promise<Engine | undefined> {
    const ids = lines(await docker(this.manager, "service", "ps", "--quiet", "--no-trunc", service));
    const task = ["--type", "task", "--format", "{{.Status.State}} {{.NodeID}}"];
    const tasks = await docker(this.manager, "inspect", ...task, ...ids);
    for (const worker of this.workers) {
      const id = await docker(worker, "info", "--format", "{{.Swarm.NodeID}}");
      if (tasks.includes(`running ${id}`)) return worker;
    }
    return undefined;
  }

  /** Ends a worker and all that runs on it, as a power cut does. */
  kill = (worker: Engine): Promise<void> => removeEngine(worker.folder);

  async remove(): Promise<void> {
    await Promise.all([...this.workers, this.manager].map((node) => node?.remove()));
  }
}

/** Removes a stack by force. A network of a swarm goes a moment later. */
export async function removeFromSwarm(scratch: Scratch): Promise<void> {
  await removeLeftBehind(scratch.stack, process.env);
  while ((await scratch.own("network")).length > 0) await sleep(100);
  await scratch.remove();
}

/** A pair of devices between two namespaces. Each end answers for its host's address. */
async function link(one: Engine, other: Engine): Promise<void> {
  const device = (peer: Engine) => `to${peer.name.slice(-10)}`;
  const ip = (...args: string[]) => well("ip", args);
  await ip(
    ...["link", "add", device(other), "netns", one.name, "type", "veth"],
    ...["peer", "name", device(one), "netns", other.name],
  );
  const raise = async (here: Engine, there: Engine) => {
    const inside = ["-n", here.name];
    await ip(...inside, "link", "set", device(there), "up");
    await ip(...inside, "route", "add", `${there.address}/32`, "dev", device(there), "src", here.address);
  };
  await raise(one, other);
  await raise(other, one);
}

const docker = ({ host }: Engine, ...args: string[]): Promise<string> =>
  well("docker", args, { ...process.env, DOCKER_HOST: host });
