/** A stack's file made like another's: the same configuration, with ports, docker host and password of its own. */
import { stringify } from "yaml";
import { pathOf, valueAt } from "../config/keys.ts";
import { NAMESPACE } from "../config/text.ts";
import { reachedAt } from "../docker/host.ts";
import {
  dockerHostOf,
  HOST_KEY,
  type Ports,
  publishedBy,
  SAMPLE_FILE,
  sampleFile,
  type Values,
  valuesOf,
} from "./file.ts";

/** A place in a stack's configuration, as `pulumi config get` and `set` take it. */
export interface Place {
  key: string;
  /** Whether the key is a path into an object (`--path`). */
  path: boolean;
}

/** A secret of the model: it is encrypted for the model's stack alone. */
export interface Secret extends Place {
  /** Where the model has it: a dotted key of the model is nested in the new file. */
  from: Place;
}

export interface Like {
  /** The configuration, without any secret. */
  config: Values;
  /** What has to be set anew for the stack. */
  secrets: Secret[];
}

/** The host that a browser has the page from: `${location.hostname}` and `location.hostname + "` in a script. */
const LOCATION = "location\\.hostname(?:\\}|\\s*\\+\\s*[\"'`])";

/** The model's alone: its password, its database's port, and where its backups go. */
const ITS_OWN = /^agatha:(databasePassword$|database\.publish|backups(\.|$))/;

/**
 * Takes over what is not the model's alone. Where one of its texts names one of its own addresses (`localhost:8100`), the
 * new stack's stands in its place; a database that the model publishes is not published.
 *
 * @param dockerHost Default: the model's.
 */
export function configLike(model: Values, ports: Ports, dockerHost: string | undefined): Like {
  const of = { back: publishedBy(model, "back"), front: publishedBy(model, "front") };
  const itsHost = dockerHostOf(model);
  const move = addressMover(of, ports, itsHost, dockerHost ?? itsHost);
  const secrets: Secret[] = [];
  const config: Values = {};
  // Plain keys first, as the program reads them. The new file has one way to write a key: nested.
  const keys = Object.keys(model).filter((key) => !ITS_OWN.test(key));
  for (const key of keys.sort((a, b) => pathIn(a).length - pathIn(b).length)) {
    const [value, path] = [model[key], pathIn(key)];
    const [first = "", ...below] = path;
    const at = below.reduce((text, part) => `${text}[${JSON.stringify(part)}]`, rootOf(first));
    const from = { key, path: false };
    if (isSecret(value)) secrets.push({ ...(below.length === 0 ? from : { key: at, path: true }), from });
    else {
      const ours = typeof value === "string" && key.startsWith(`${NAMESPACE}:`);
      const plain = ours ? valueAt(pathOf(nameOf(key)), value) : value;
      setAt(config, path, takeOver(plain, { at, from: rootOf(key) }, secrets, move));
    }
  }
  if (dockerHost !== undefined) config[HOST_KEY] = dockerHost;
  for (const service of ["back", "front"] as const)
    if (of[service] !== undefined) setAt(config, [`agatha:${service}`, "publish", "port"], ports[service]);
  if (publishedBy(model, "database") !== undefined) setAt(config, ["agatha:database", "publish"], false);
  const front = valuesOf(model)["front"] as { dist?: unknown; files?: unknown } | undefined;
  if (front?.dist === undefined && front?.files === undefined)
    setAt(config, ["agatha:front", "files", SAMPLE_FILE], { text: sampleFile(ports.back) });
  return { config, secrets };
}

/**
 * Moves the addresses in a text that are the model's own. The same port of another host is another program's, on
 * `0.0.0.0` one that is listened on, and behind a service's name the one between containers.
 */
function addressMover(
  of: { back: number | undefined; front: number | undefined },
  ports: Ports,
  from: string | undefined,
  to: string | undefined,
): (text: string) => string {
  const name = (address: string | undefined) => reachedAt({ address: address ?? "" });
  // These are whoever asks, wherever the stack is: at the other end of a tunnel, say.
  const local = ["localhost", "127.0.0.1", "[::1]"];
  const itself = [...local, name(from)].map((host) => host.replace(/[.[\]]/g, "\\$&"));
  const address = new RegExp(`(?<![\\w.-])(${itself.join("|")}|${LOCATION}):(\\d{1,5})(?!\\d)`, "g");
  return (text) =>
    text.replace(address, (all, host: string, port: string) => {
      const moved = host === name(from) && !local.includes(host) ? name(to) : host;
      if (Number(port) === of.back) return `${moved}:${ports.back}`;
      return Number(port) === of.front ? `${moved}:${ports.front}` : all;
    });
}

/** A key as a path begins with it: dots would be the path's own. */
function rootOf(key: string): string {
  const [, namespace, name = ""] = /^([^:]*):(.*)$/.exec(key) ?? [];
  return name.includes(".") ? `${namespace}:[${JSON.stringify(name)}]` : key;
}

/** A key's parts from the file's `config:` on: `agatha:back.port` has two; one of another namespace has one. */
function pathIn(key: string): string[] {
  if (!key.startsWith(`${NAMESPACE}:`)) return [key];
  const [first, ...below] = pathOf(nameOf(key));
  return [`${NAMESPACE}:${first}`, ...below];
}

const nameOf = (key: string): string => key.slice(NAMESPACE.length + 1);

/** Sets a value at a path; what is in its way, and is no object, goes. */
function setAt(config: Values, path: string[], value: unknown): void {
  let parent = config;
  for (const part of path.slice(0, -1)) {
    const child = Object.hasOwn(parent, part) ? parent[part] : undefined;
    if (typeof child !== "object" || child === null) parent[part] = {};
    parent = parent[part] as Values;
  }
  parent[path.at(-1) as string] = value;
}

/** The text of the file. @param like Name of the stack whose file was the model. */
export const fileLike = (stack: string, like: string, config: Values): string =>
  `# Stack ${stack}, made by \`npm run stack -- new ${stack} --like ${like}\`.\n${stringify({ config })}`;

const isSecret = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.keys(value).join() === "secure";

/** Paths of one value: in the new file, and in the model. */
interface Paths {
  at: string;
  from: string;
}

/** A copy with the texts moved; what is a secret is noted, and left out: in a list an empty text keeps its place. */
function takeOver(value: unknown, paths: Paths, secrets: Secret[], move: (text: string) => string): unknown {
  if (typeof value === "string") return move(value);
  const below = (part: string | number): Paths => {
    const inner = `[${JSON.stringify(part)}]`;
    return { at: `${paths.at}${inner}`, from: `${paths.from}${inner}` };
  };
  const note = ({ at, from }: Paths) =>
    secrets.push({ key: at, path: true, from: { key: from, path: true } });
  if (Array.isArray(value))
    return value.map((entry, index) => {
      if (!isSecret(entry)) return takeOver(entry, below(index), secrets, move);
      note(below(index));
      return "";
    });
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, entry]) => {
      if (!isSecret(entry)) return [[name, takeOver(entry, below(name), secrets, move)]];
      note(below(name));
      return [];
    }),
  );
}
