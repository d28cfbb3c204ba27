/** A stack that is up on a swarm of temporary docker hosts, with a registry. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Load, startLoad } from "./load.ts";
import { LocalRegistry } from "./registry.ts";
import { Scratch } from "./scratch.ts";
import { removeFromSwarm, Swarm } from "./swarm.ts";

export class SwarmStack {
  readonly swarm: Swarm;
  readonly scratch: Scratch;
  private readonly registry: LocalRegistry;
  private readonly folder: string;

  private constructor(swarm: Swarm, scratch: Scratch, registry: LocalRegistry, folder: string) {
    this.swarm = swarm;
    this.scratch = scratch;
    this.registry = registry;
    this.folder = folder;
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
    try {
      // This machine's end of the manager's link.
      const here = swarm.manager.address.replace(/\d+$/, "1");
      registry = await LocalRegistry.start(join(folder, "registry"), here, "registry-password");
      scratch = await Scratch.make(swarm.manager.asHost);
      const { address, username, password } = registry;
      Object.assign(scratch.config, {
        ...{ target: "swarm", registry: { address, username, password, insecure: true } },
      });
      probedOften(scratch);
      prepare(scratch);
      await scratch.upWell();
      return new SwarmStack(swarm, scratch, registry, folder);
    } catch (error) {
      await removeAll(swarm, scratch, registry, folder);
      throw error;
    }
  }

  /** Reads of both services, and writes. */
  load = (): Promise<Load> => {
    const { backUrl, frontUrl } = this.scratch;
    return startLoad({
      reads: [`${backUrl}/health`, `${frontUrl}/`],
      ...{ writes: `${backUrl}/api/budgets`, writeShare: 0.3, perSecond: 100 },
    });
  };

  remove = () => removeAll(this.swarm, this.scratch, this.registry, this.folder);
}

/** A task is called running after its first probe, and is called unhealthy after some: one interval each. */
export function probedOften(scratch: Scratch): void {
  for (const name of ["back", "front"])
    scratch.config[name] = { ...(scratch.config[name] as object), health: { interval: "1s" } };
}

async function removeAll(
  swarm: Swarm,
  scratch: Scratch | undefined,
  registry: LocalRegistry | undefined,
  folder: string,
): Promise<void> {
  try {
    if (scratch !== undefined) await removeFromSwarm(scratch);
  } finally {
    await registry?.end();
    await swarm.remove();
    delete process.env["DOCKER_HOST"];
    rmSync(folder, { recursive: true, force: true });
  }
}
