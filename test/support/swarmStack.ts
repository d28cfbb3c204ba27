/** A stack that is up on a swarm of temporary docker hosts, with a registry. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStackLoad } from "./load.ts";
import { LocalRegistry } from "./registry.ts";
import { Scratch } from "./scratch.ts";
import { removeFromSwarm, Swarm } from "./swarm.ts";

export class SwarmStack {
  readonly swarm: Swarm;
  readonly scratch: Scratch;
  readonly remove: () => Promise<void>;

  private constructor(swarm: Swarm, scratch: Scratch, remove: () => Promise<void>) {
    [this.swarm, this.scratch, this.remove] = [swarm, scratch, remove];
  }

  /**
   * Until `remove`, `DOCKER_HOST` names the manager for all that the test runs.
   *
   * @param size Number of nodes.
   * @param prepare What to do before the stack is up, such as to change its configuration.
   */
  static async make(size: number, prepare: (scratch: Scratch) => void = () => {}): Promise<SwarmStack> {
    const folder = mkdtempSync(join(tmpdir(), "agatha-swarm-test-"));
    const swarm = await Swarm.make(size);
    process.env["DOCKER_HOST"] = swarm.manager.host;
    let [registry, scratch]: [LocalRegistry | undefined, Scratch | undefined] = [undefined, undefined];
    const remove = async () => {
      try {
        if (scratch !== undefined) await removeFromSwarm(scratch);
      } finally {
        await registry?.end();
        await swarm.remove();
        delete process.env["DOCKER_HOST"];
        rmSync(folder, { recursive: true, force: true });
      }
    };
    try {
      // This machine's end of the manager's link.
      const here = swarm.manager.address.replace(/\d+$/, "1");
      registry = await LocalRegistry.start(join(folder, "registry"), here, "registry-password");
      scratch = await Scratch.make(swarm.manager.asHost);
      const { address, username, password } = registry;
      const ours = { address, username, password, insecure: true };
      Object.assign(scratch.config, { target: "swarm", registry: ours });
      probedOften(scratch);
      prepare(scratch);
      await scratch.upWell();
      return new SwarmStack(swarm, scratch, remove);
    } catch (error) {
      await remove();
      throw error;
    }
  }

  load = () => startStackLoad(this.scratch);
}

/** A task is called running after its first probe, and is called unhealthy after some: one interval each. */
export function probedOften(scratch: Scratch): void {
  scratch.back({ health: { interval: "1s" } });
  scratch.front({ health: { interval: "1s" } });
}
