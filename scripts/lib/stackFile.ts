/** A stack's own file, `Pulumi.<stack>.yaml`: what of it a command needs before there is a stack, and a new one. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { collect } from "../../components/configKeys.ts";
import { NAMESPACE } from "../../components/configText.ts";
import { Stop } from "./exec.ts";
import { takeValue } from "./takeValue.ts";

/** The sample's and the seed's ports; a further stack's lie a hundred above the ones before. */
const FIRST = { back: 8000, front: 5173 };
const DISTANCE = 100;

/** Ports of a stack on its docker host. */
export interface Ports {
  back: number;
  front: number;
}

export const fileOf = (stack: string): string => `Pulumi.${stack}.yaml`;

const OPTION = "config-file";

/** The stack's file: the one that a command was told to take instead, where it was. @param rest What it leaves for pulumi. */
export const configFile = (stack: string, rest: string[]): string =>
  takeValue(rest, OPTION)[0] ?? fileOf(stack);

/** The option as pulumi takes it, for a further command of pulumi's; nothing where it was not given. */
export function configFileOption(rest: string[]): string[] {
  const [file] = takeValue(rest, OPTION);
  return file === undefined ? [] : [`--${OPTION}`, file];
}

/** What is left for the command itself. */
export const withoutConfigFile = (rest: string[]): string[] => takeValue(rest, OPTION)[1];

type Values = Record<string, unknown>;

/** The configuration in a stack's file; empty where there is none. @throws Stop where it is no YAML. */
export function readStackFile(path: string): Values {
  if (!existsSync(path)) return {};
  try {
    const content = parse(readFileSync(path, "utf8")) as { config?: Values } | null;
    return content?.config ?? {};
  } catch (error) {
    throw new Stop(`${path}: cannot be read as YAML. Mend it: ${(error as Error).message.split("\n")[0]}`);
  }
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
  const host = config["agatha:dockerHost"];
  return typeof host === "string" ? host : undefined;
}

/** Whether images go by way of a registry. */
export const usesRegistry = (config: Values): boolean => Object.hasOwn(valuesOf(config), "registry");

/** The ports that a stack publishes: what its file says, else the defaults; none where it publishes none. */
export function publishedOf(config: Values): number[] {
  const first: Record<string, number | undefined> = { ...FIRST, database: undefined };
  const values = valuesOf(config);
  return Object.entries(first).flatMap(([service, standard]) => {
    const publish = (values[service] as { publish?: unknown } | undefined)?.publish;
    if (publish === false) return [];
    const port = (publish as { port?: unknown } | undefined)?.port ?? standard;
    return typeof port === "number" ? [port] : [];
  });
}

/** The stacks that have a file here. */
export const stacksWithFiles = (): string[] =>
  readdirSync(".")
    .flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? [])
    .sort();

/** The first pair of ports of which neither is taken. */
export async function choosePorts(taken: (port: number) => boolean | Promise<boolean>): Promise<Ports> {
  for (let step = 0; ; step += DISTANCE) {
    const ports = { back: FIRST.back + step, front: FIRST.front + step };
    if (ports.front > 65535) throw new Stop("stack: no two ports are free. Give them in the stack's file.");
    if (!(await taken(ports.back)) && !(await taken(ports.front))) return ports;
  }
}

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
    "      properties.js:",
    "        text: |",
    `          window.agatha = { backUrl: \`\${location.protocol}//\${location.hostname}:${ports.back}\` };`,
    "",
  ].join("\n");
}
