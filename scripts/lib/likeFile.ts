/** A stack's file made like another's: the same configuration, with ports, docker host and password of its own. */
import { stringify } from "yaml";
import {
  HOST_KEY,
  PASSWORD_KEY,
  type Ports,
  publishedBy,
  SAMPLE_FILE,
  sampleFile,
  type Values,
  valuesOf,
} from "./stackFile.ts";

/** A secret of the model: it is encrypted for the model's stack alone. */
export interface Secret {
  /** As `pulumi config get` and `set` take it. */
  key: string;
  /** Whether the key is a path into an object (`--path`). */
  path: boolean;
}

export interface Like {
  /** The configuration, without any secret. */
  config: Values;
  /** What has to be set anew for the stack. */
  secrets: Secret[];
}

/**
 * Takes over what is not the model's alone. Where one of its texts has one of its ports (`:8100`), the new stack's
 * stands in its place; a database that the model publishes is not published.
 *
 * @param dockerHost Default: the model's.
 */
export function configLike(model: Values, ports: Ports, dockerHost: string | undefined): Like {
  const of = { back: publishedBy(model, "back"), front: publishedBy(model, "front") };
  const move = (text: string) =>
    // Between containers, a service has its own port whatever it is published on.
    text.replace(/(?<!agatha-\w+):(\d{1,5})(?!\d)/g, (all, port: string) => {
      if (Number(port) === of.back) return `:${ports.back}`;
      return Number(port) === of.front ? `:${ports.front}` : all;
    });
  const secrets: Secret[] = [];
  const config: Values = {};
  for (const [key, value] of Object.entries(model)) {
    if (key === PASSWORD_KEY || key.startsWith("agatha:database.publish")) continue;
    if (isSecret(value)) secrets.push({ key, path: false });
    else config[key] = takeOver(value, key, secrets, move);
  }
  if (dockerHost !== undefined) config[HOST_KEY] = dockerHost;
  // Dotted keys lie over the plain ones.
  for (const service of ["back", "front"] as const)
    if (of[service] !== undefined) config[`agatha:${service}.publish.port`] = ports[service];
  if (publishedBy(model, "database") !== undefined) config["agatha:database.publish"] = false;
  const front = valuesOf(model)["front"] as { dist?: unknown; files?: unknown } | undefined;
  if (front?.dist === undefined && front?.files === undefined)
    config[`agatha:front.files.${SAMPLE_FILE}`] = { text: sampleFile(ports.back) };
  return { config, secrets };
}

/** The text of the file. @param like Name of the stack whose file was the model. */
export const fileLike = (stack: string, like: string, config: Values): string =>
  `# Stack ${stack}, made by \`npm run stack -- new ${stack} --like ${like}\`.\n${stringify({ config })}`;

const isSecret = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.keys(value).join() === "secure";

/** A copy with the texts moved; what is a secret is noted, and left out. */
function takeOver(value: unknown, path: string, secrets: Secret[], move: (text: string) => string): unknown {
  if (typeof value === "string") return move(value);
  if (Array.isArray(value)) return value.map((entry) => takeOver(entry, path, secrets, move));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, entry]) => {
      const at = `${path}[${JSON.stringify(name)}]`;
      if (!isSecret(entry)) return [[name, takeOver(entry, at, secrets, move)]];
      secrets.push({ key: at, path: true });
      return [];
    }),
  );
}
