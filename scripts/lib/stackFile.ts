/** A stack's own file, `Pulumi.<stack>.yaml`: what of it a command needs before there is a stack, and a new one. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { Stop } from "./exec.ts";

/** The sample's and the seed's ports; a further stack's lie a hundred above the ones before. */
const FIRST = { back: 8000, front: 5173 };
const DISTANCE = 100;

/** Ports of a stack on its docker host. */
export interface Ports {
  back: number;
  front: number;
}

export const fileOf = (stack: string): string => `Pulumi.${stack}.yaml`;

/** The file that a command was told to take instead, among the arguments that it leaves for pulumi. */
export function configFile(stack: string, rest: string[]): string {
  const given = rest.find((argument) => argument.startsWith("--config-file="));
  return given?.slice("--config-file=".length) ?? fileOf(stack);
}

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

/** `agatha:dockerHost`, where the file names one. */
export function dockerHostOf(config: Values): string | undefined {
  const host = config["agatha:dockerHost"];
  return typeof host === "string" ? host : undefined;
}

/** Whether images go by way of a registry. */
export const usesRegistry = (config: Values): boolean =>
  Object.keys(config).some((key) => /^agatha:registry(\.|$)/.test(key));

/** The ports that a stack publishes: what its file says, else the defaults; none where it publishes none. */
export function publishedOf(config: Values): number[] {
  const first: Record<string, number | undefined> = { ...FIRST, database: undefined };
  return Object.entries(first).flatMap(([service, standard]) => {
    const publish = (config[`agatha:${service}`] as { publish?: unknown } | undefined)?.publish;
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
