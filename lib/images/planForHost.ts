/** Which images a stack is to run, built for its docker host. */
import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../config/schema.ts";
import type { Host } from "../docker/heldHost.ts";
import {
  askedSystem,
  emulationNote,
  machineSystem,
  refuseForeignPackages,
  refuseOtherDatabase,
} from "../docker/system.ts";
import { planImages, type StackImages } from "./evaluate.ts";

/** The images, and what they are built for. */
export interface Plan {
  images: StackImages;
  system: string;
}

/**
 * Evaluates the images while the docker host is asked: for this machine's system, which is nearly always the host's too.
 * Where it is another, they are evaluated once more.
 *
 * @throws UserError where they cannot be evaluated, or not for that system.
 */
export async function planForHost(config: Config, host: Promise<Host>): Promise<Plan> {
  const asked = askedSystem();
  const assumed = asked ?? machineSystem();
  const early = planImages(config, assumed);
  // What went wrong for another system is nobody's matter.
  early.catch(() => {});
  const { system } = await host;
  if (asked !== undefined && system !== undefined && asked !== system)
    void pulumi.log.info(emulationNote(asked, system));
  const wanted = asked ?? system ?? assumed;
  refuseForeignPackages(config, wanted);
  refuseOtherDatabase(config, wanted);
  return { images: await (wanted === assumed ? early : planImages(config, wanted)), system: wanted };
}
