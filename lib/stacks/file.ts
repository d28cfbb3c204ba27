/** A stack's own file, `Pulumi.<stack>.yaml`: what of it a command needs before there is a stack, and a new one. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import application from "../../nix/application.json" with { type: "json" };
import { collect } from "../config/keys.ts";
import { isSample } from "../config/load.ts";
import { lostTexts } from "../config/stackFileTexts.ts";
import { NAMESPACE } from "../config/text.ts";
import { UserError } from "../userError.ts";

/** The sample's and the seed's ports; a further stack's lie a hundred above the ones before. */
const FIRST = { back: 8000, front: 5173 };
const DISTANCE = 100;

/** Pairs of ports that a stack chooses from; all lie below 32768, where Linux begins with ports for connections. */
const PLACES = 240;

/** Ports of a stack on its docker host. */
export interface Ports {
  back: number;
  front: number;
}

/** The password of a stack's database, where its file holds it. */
export const PASSWORD_KEY = "agatha:databasePassword";

export const HOST_KEY = "agatha:dockerHost";

export const fileOf = (stack: string): string => `Pulumi.${stack}.yaml`;

export type Values = Record<string, unknown>;

/** The configuration in a stack's file; empty where there is none. @throws UserError where it is no YAML. */
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

/**
 * Looks for texts that Pulumi would change for good when it writes its salt into the file.
 *
 * @throws UserError with a sentence for each.
 */
export function refuseLostTexts(path: string): void {
  const lost = existsSync(path) ? lostTexts(readFileSync(path, "utf8")) : [];
  if (lost.length > 0) throw new UserError(lost.join("\n"));
}

/** As Pulumi hands it to the program: a text for each key; for what is encrypted, one that stands for it. */
export const textsOf = (config: Values): Record<string, string> =>
  Object.fromEntries(
    Object.entries(config).map(([key, value]) => {
      const plain = withoutSecrets(value);
      return [key, typeof plain === "string" ? plain : JSON.stringify(plain)];
    }),
  );

/** Pulumi's `{ secure: … }` by a text that stands for it. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]?.[0] === "secure") return "a secret";
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutSecrets(inner)]));
}

/** The values below `agatha:`, dotted keys and nested ones alike; what is wrong in them is the program's to tell. */
export const valuesOf = (config: Values): Values => collect(textsOf(config), NAMESPACE, []);

/** `agatha:dockerHost`, where the file names one. */
export function dockerHostOf(config: Values): string | undefined {
  const host = config[HOST_KEY];
  return typeof host === "string" ? host : undefined;
}

/** Whether images go by way of a registry. */
export const usesRegistry = (config: Values): boolean => Object.hasOwn(valuesOf(config), "registry");

/** Whether the stack's back or front is what the sample's build makes. */
export function usesSample(config: Values): boolean {
  const { back, front } = valuesOf(config) as { back?: { jar?: unknown }; front?: { dist?: unknown } };
  return isSample(back?.jar, application.back.jar) || isSample(front?.dist, application.front.dist);
}

/** The port that a stack publishes a service on: what its file says, else the default; undefined where it does not. */
export function publishedBy(config: Values, service: "back" | "front" | "database"): number | undefined {
  const values = valuesOf(config)[service] as { publish?: unknown } | undefined;
  if (values?.publish === false) return undefined;
  const port = (values?.publish as { port?: unknown } | undefined)?.port;
  const chosen = port ?? (service === "database" ? undefined : FIRST[service]);
  return typeof chosen === "number" ? chosen : undefined;
}

/** The ports that a stack publishes. */
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

/** The file of the sample's front that says where its back is. */
export const SAMPLE_FILE = "properties.js";

export const sampleFile = (back: number): string =>
  `window.agatha = { backUrl: \`\${location.protocol}//\${location.hostname}:${back}\` };\n`;

/**
 * A new stack's file. Its front asks its own back: the sample reads where that is from properties.js.
 *
 * @param packages The package set; default: what set-up finds usable.
 */
export function newStackFile(stack: string, ports: Ports, dockerHost?: string, packages?: string): string {
  return [
    `# Stack ${stack}, made by \`npm run stack -- new ${stack}\`.`,
    "config:",
    ...(packages === undefined ? [] : [`  agatha:packages: ${packages}`]),
    ...(dockerHost === undefined ? [] : [`  agatha:dockerHost: ${JSON.stringify(dockerHost)}`]),
    "  agatha:back:",
    `    publish: { port: ${ports.back} }`,
    "  agatha:front:",
    `    publish: { port: ${ports.front} }`,
    "    files:",
    `      ${SAMPLE_FILE}:`,
    "        text: |",
    `          ${sampleFile(ports.back)}`,
  ].join("\n");
}
