/** The images of a stack as its configuration has them: their refs, and the programs that write them. */
import type { Config } from "../config/schema.ts";
import { SERVICES, type ServiceName } from "../serviceNames.ts";
import { applicationOf, evaluateImages } from "./evaluate.ts";
import { nixArguments } from "./nixArguments.ts";
import { nixBuild } from "./nixBuild.ts";
import { imageRef } from "./plan.ts";

export interface Built {
  service: ServiceName;
  /** `back-image`: names its files. */
  attribute: string;
  ref: string;
  /** An executable that writes the image to its standard output. */
  program: string;
}

/**
 * Builds what is not built yet.
 *
 * @param folder Gets a link to each image, which keeps it from Nix's garbage collector.
 */
export async function buildImages(config: Config, folder: string): Promise<Built[]> {
  const meta = await evaluateImages(config);
  const application = applicationOf(config);
  const built: Built[] = [];
  for (const service of SERVICES) {
    const { attribute } = meta[service];
    const program = `${folder}/${attribute}`;
    const args = nixArguments(config.packages, JSON.stringify(application[service]));
    await nixBuild(attribute, program, args);
    built.push({ service, attribute, ref: imageRef(meta[service]), program });
  }
  return built;
}
