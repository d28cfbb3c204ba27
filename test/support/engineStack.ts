/** A stack that is up on a temporary docker host, and whose back this machine reaches: faults there affect nothing else. */
import { Engine } from "./engine.ts";
import { startStackLoad } from "./load.ts";
import { Scratch } from "./scratch.ts";
import { Writers } from "./writers.ts";

export class EngineStack {
  readonly engine: Engine;
  readonly scratch: Scratch;
  readonly remove: () => Promise<void>;

  private constructor(engine: Engine, scratch: Scratch, remove: () => Promise<void>) {
    [this.engine, this.scratch, this.remove] = [engine, scratch, remove];
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
    const remove = async () => {
      try {
        await scratch?.remove();
      } finally {
        await engine.remove();
        delete process.env["DOCKER_HOST"];
      }
    };
    try {
      scratch = await Scratch.make(engine.asHost);
      await prepare(scratch);
      await scratch.upWell();
      return new EngineStack(engine, scratch, remove);
    } catch (error) {
      await remove();
      throw error;
    }
  }

  /** @param load As Writers takes it. */
  writers(load?: ConstructorParameters<typeof Writers>[1]): Writers {
    return new Writers(this.scratch.backUrl, load);
  }

  load = (kind?: "all" | "reads") => startStackLoad(this.scratch, kind);
}
