/** The images of a stack as its configuration has them: their refs, and the programs that write them. */

import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { run, tail } from "../process.ts";
import { textsOf } from "../stacks/file.ts";
import { UserError } from "../userError.ts";
import { applicationOf, evaluateImages } from "./evaluate.ts";
import { nixArguments } from "./nixArguments.ts";
import { imageRef } from "./plan.ts";

export const SERVICES = ["back", "front", "db"] as const;
export type Service = (typeof SERVICES)[number];

export interface Built {
  service: Service;
  /** `back-image`: names its files. */
  attribute: string;
  ref: string;
  /** An executable that writes the image to its standard output. */
  program: string;
}

/** Lines of a failed build that are shown. */
const SHOWN_LINES = 30;

/**
 * A stack's configuration, from its file: no engine and no login. Nothing secret decides an image, so that secrets need
 * no decrypting.
 *
 * @param text The stack's YAML.
 * @param exists Tells whether a path that the configuration names is there. Default: the file system's answer.
 */
export function configOf(
  stack: string,
  text: string,
  packages: string | undefined,
  exists?: (path: string) => boolean,
): Config {
  const { config = {} } = (parse(text) ?? {}) as { config?: Record<string, unknown> | null };
  const raw = { "agatha:databasePassword": "not needed", ...textsOf(config ?? {}) };
  try {
    return loadConfig(raw, {
      stack,
      packages,
      password: undefined,
      ...(exists === undefined ? {} : { exists }),
    });
  } catch (error) {
    throw error instanceof UserError ? new UserError(error.message) : error;
  }
}

/**
 * Reads a stack's file, which may be absent, as it may for Pulumi: then the defaults count.
 *
 * @param file Its path.
 * @param exists As for `configOf`.
 */
export function readStackConfig(
  stack: string,
  file: string,
  packages: string | undefined,
  exists?: (path: string) => boolean,
): Config {
  return configOf(stack, textOf(file), packages, exists);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/**
 * Builds what is not built yet.
 *
 * @param folder Gets a link to each image, which keeps it from the store's garbage collector.
 */
export async function buildImages(config: Config, folder: string, env: NodeJS.ProcessEnv): Promise<Built[]> {
  const meta = await evaluateImages(config).catch((error: unknown) => {
    throw error instanceof UserError ? new UserError(error.message) : error;
  });
  const application = applicationOf(config);
  const built: Built[] = [];
  for (const service of SERVICES) {
    const { attribute } = meta[service];
    const program = `${folder}/${attribute}`;
    const args = nixArguments(config.packages, JSON.stringify(application[service]));
    const { code, output } = await run("nix-build", [...args, "-A", attribute, "--out-link", program], {
      env,
    });
    if (code !== 0)
      throw new UserError(`nix-build of ${attribute} failed with ${code}:\n${tail(output, SHOWN_LINES)}`);
    built.push({ service, attribute, ref: imageRef(meta[service]), program });
  }
  return built;
}
