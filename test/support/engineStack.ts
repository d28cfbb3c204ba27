/** A stack that is up on a temporary docker host, and whose back this machine reaches: faults there affect nothing else. */
import { Engine } from "./engine.ts";
import { type Load, startLoad } from "./load.ts";
import { Scratch } from "./scratch.ts";
import { Writers } from "./writers.ts";

export class EngineStack {
  readonly engine: Engine;
  readonly scratch: Scratch;

  private constructor(engine: Engine, scratch: Scratch) {
    this.engine = engine;
    this.scratch = scratch;
  }

  /**
   * Until `remove`, `DOCKER_HOST` names the engine for all that the test runs.
   *
   * @param prepare What to do before the stack is up, such as to change its configuration.
   */
  static async make(prepare: (scratch: Scratch) => void | Promise<void> = () => {}): Promise<EngineStack> {
    const engine = await Engine.make();
    process.env["DOCKER_HOST"] = engine.host;
    let scratch: Scratch | undefined;
    try {
      scratch = await Scratch.make(engine.asHost);
      await prepare(scratch);
      await scratch.upWell();
      return new EngineStack(engine, scratch);
    } catch (error) {
      await removeBoth(engine, scratch);
      throw error;
    }
  }

  /** @param load As Writers takes it. */
  writers(load?: ConstructorParameters<typeof Writers>[1]): Writers {
    return new Writers(() => `http://${this.engine.address}:${this.scratch.backPort}`, load);
  }

  /** A load of reads of both services and of writes; without a back that has an API, of reads alone. */
  load = (kind: "all" | "reads" = "all"): Promise<Load> => {
    const { backUrl, frontUrl } = this.scratch;
    return startLoad({
      reads: [`${backUrl}/health`, `${frontUrl}/`],
      perSecond: 100,
      ...(kind === "all" ? { writes: `${backUrl}/api/budgets`, writeShare: 0.3 } : {}),
    });
  };

  remove = () => removeBoth(this.engine, this.scratch);
}

async function removeBoth(engine: Engine, scratch: Scratch | undefined): Promise<void> {
  try {
    await scratch?.remove();
  } finally {
    await engine.remove();
    delete process.env["DOCKER_HOST"];
  }
}
