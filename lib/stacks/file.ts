/** A stack's own file, `Pulumi.<stack>.yaml`: what a command reads from it before Pulumi runs, and a new stack's file. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { parse, stringify } from "yaml";
import application from "../../nix/application.json" with { type: "json" };
import { collect, SECRET_KEYS, type Values } from "../config/collect.ts";
import { isSample, loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { lostTexts } from "../config/stackFileTexts.ts";
import { NAMESPACE } from "../config/text.ts";
import type { RollingName } from "../serviceNames.ts";
import { UserError } from "../userError.ts";

/** The sample's ports; another stack's are a multiple of a hundred above. */
const FIRST = { back: 8000, front: 5173, database: undefined };
const DISTANCE = 100;

/** Pairs of ports that a stack chooses from; all are below 32768, where Linux begins with ports for connections. */
const PLACES = 240;

/** What a stack publishes on its docker host. */
export type Ports = Record<RollingName, number>;

export const PASSWORD_KEY = "agatha:databasePassword";
export const HOST_KEY = "agatha:dockerHost";

export const fileOf = (stack: string): string => `Pulumi.${stack}.yaml`;

/** The configuration in a stack's file; empty if there is no file. @throws UserError if it is not YAML. */
export function readStackFile(path: string): Values {
  if (!existsSync(path)) return {};
  try {
    const content = parse(readFileSync(path, "utf8")) as { config?: Values } | null;
    return content?.config ?? {};
  } catch (error) {
    throw new UserError(
      `${path}: cannot be read as YAML. Fix it: ${(error as Error).message.split("\n")[0]}`,
    );
  }
}

/** @throws UserError with a message for each text that Pulumi would change for good when it writes its salt into the file. */
export function refuseLostTexts(path: string): void {
  const lost = existsSync(path) ? lostTexts(readFileSync(path, "utf8")) : [];
  if (lost.length > 0) throw new UserError(lost.join("\n"));
}

/**
 * As Pulumi hands it to the program: a text for each key, the placeholder `a secret` for what is encrypted, and the
 * names of the keys with something encrypted.
 */
export function textsOf(config: Values): Record<string, string> {
  const secrets: string[] = [];
  const texts = Object.entries(config).map(([key, value]) => {
    const text = JSON.stringify(value, (_, inner: unknown) => {
      if (!isSecret(inner)) return inner;
      secrets.push(key);
      return "a secret";
    });
    return [key, text.startsWith('"') ? (JSON.parse(text) as string) : text];
  });
  return { ...Object.fromEntries(texts), [SECRET_KEYS]: JSON.stringify(secrets) };
}

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
  exists: (path: string) => boolean = existsSync,
): Config {
  const raw = { [PASSWORD_KEY]: "not needed", ...textsOf(readStackFile(file)) };
  return loadConfig(raw, { stack, packages, password: undefined, exists });
}

/** Whether a value is Pulumi's `{ secure: … }`. */
export const isSecret = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.keys(value).join() === "secure";

/** The values below `agatha:`, right or wrong. */
export const valuesOf = (config: Values): Values => collect(textsOf(config), NAMESPACE, []).given;

/** `agatha:dockerHost`, if the file names one. */
export function dockerHostOf(config: Values): string | undefined {
  const host = config[HOST_KEY];
  return typeof host === "string" ? host : undefined;
}

/** `host:port` of a database outside of the stack, if the file names one; that it is a secret, if it is. */
export function externalOf(config: Values): string | undefined {
  const { external } = (valuesOf(config)["database"] ?? {}) as {
    external?: { host?: unknown; port?: unknown };
  };
  if (!external) return undefined;
  return typeof external.host === "string" ? `${external.host}:${external.port ?? 5432}` : "a secret place";
}

/** Whether images go through a registry. */
export const usesRegistry = (config: Values): boolean => Object.hasOwn(valuesOf(config), "registry");

/** Whether the stack's back or front is the sample's. */
export function usesSample(config: Values): boolean {
  const { back, front } = valuesOf(config) as { back?: { jar?: unknown }; front?: { dist?: unknown } };
  return isSample(back?.jar, application.back.jar) || isSample(front?.dist, application.front.dist);
}

/** The port that a stack publishes a service on; undefined if it does not. */
export function publishedBy(config: Values, service: keyof typeof FIRST): number | undefined {
  const { publish } = (valuesOf(config)[service] ?? {}) as { publish?: { port?: unknown } | false };
  const port = publish === false ? undefined : (publish?.port ?? FIRST[service]);
  return typeof port === "number" ? port : undefined;
}

export const publishedOf = (config: Values): number[] =>
  (["back", "front", "database"] as const).flatMap((service) => publishedBy(config, service) ?? []);

/** The stacks that have a file here. */
export const stacksWithFiles = (): string[] =>
  readdirSync(".")
    .flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? [])
    .sort();

/**
 * A pair of ports of which neither is taken: the first one, or for a stack with a number the first from its own place on,
 * so that two pull requests that come up at the same time do not choose the same.
 */
export async function choosePorts(
  stack: string,
  taken: (port: number) => boolean | Promise<boolean>,
): Promise<Ports> {
  const first = Number(/-(\d{1,9})$/.exec(stack)?.[1] ?? 0) % PLACES;
  for (let place = 0; place < PLACES; place++) {
    const step = ((first + place) % PLACES) * DISTANCE;
    const ports = { back: FIRST.back + step, front: FIRST.front + step };
    if (!(await taken(ports.back)) && !(await taken(ports.front))) return ports;
  }
  throw new UserError("stack: no two ports are free. Give them in the stack's file.");
}

/** The sample's front reads its back's address from this file: a port of the host that the page came from. */
export const SAMPLE_FILES = {
  "properties.js": {
    text: "window.agatha = { backUrl: `${location.protocol}//${location.hostname}:${backPort}` };\n",
  },
};

/** A new stack's configuration. @param packages The package set. Default: what set-up finds usable. */
export const newConfig = (ports: Ports, dockerHost?: string, packages?: string): Values => ({
  ...(packages && { "agatha:packages": packages }),
  ...(dockerHost && { [HOST_KEY]: dockerHost }),
  "agatha:back": { publish: { port: ports.back } },
  "agatha:front": { publish: { port: ports.front }, files: SAMPLE_FILES },
});

/** The text of a new stack's file. @param made How `npm run stack` was called to make it. */
export const fileText = (stack: string, made: string, config: Values): string =>
  `# Stack ${stack}, made by \`npm run stack -- new ${made}\`.\n${stringify({ config }, { lineWidth: 0 })}`;
