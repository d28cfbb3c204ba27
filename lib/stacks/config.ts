import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { readStackFile, textsOf } from "./file.ts";

/**
 * A stack's configuration from its file, without engine and login: nothing secret decides an image. Without a file the
 * defaults count, as for Pulumi.
 *
 * @param exists Tells whether a path that the configuration names exists. Default: the file system's answer.
 */
export function readStackConfig(
  stack: string,
  file: string,
  packages: string | undefined,
  exists?: (path: string) => boolean,
): Config {
  const raw = { "agatha:databasePassword": "not needed", ...textsOf(readStackFile(file)) };
  return loadConfig(raw, {
    stack,
    packages,
    password: undefined,
    ...(exists === undefined ? {} : { exists }),
  });
}
