/** Asks the docker daemon, once for all services, which containers are deployed. */
import { ofStack, SERVICE_LABEL } from "./arguments.ts";
import { askDocker } from "./ask.ts";
import { serverIn, variableIn } from "./containerVariables.ts";
import type { DockerHost } from "./host.ts";
import { isFormer } from "./serviceContainers.ts";

/** What serves because its successor failed, with the reference of its image. */
export type Former = `former ${string}`;

/** What is known about a service's container: unknown if no daemon answers in time. */
export type Deployed = "unknown" | "absent" | Former | Container;

export const isFormerDeployed = (deployed: Deployed | undefined): deployed is Former =>
  typeof deployed === "string" && deployed.startsWith("former ");

export interface Container {
  /** The reference of its image. */
  image: string;
  /** Whether it is in the stack's network. */
  connected: boolean;
}

/** Of `docker ps`: what `deployedOf` reads. */
export const DEPLOYED_FORMAT = `{{.Label "${SERVICE_LABEL}"}}\t{{.Names}}\t{{.Image}}\t{{.Networks}}`;

/** @param network The name of the stack's network. */
export async function askDeployed(
  stack: string,
  network: string,
  host: DockerHost,
): Promise<(service: string) => Deployed> {
  const args = ["container", "ls", "--all", "--no-trunc", ...ofStack(stack), "--format", DEPLOYED_FORMAT];
  const { stdout, error } = await askDocker(args, host);
  return (service) => (error === undefined ? deployedOf(service, network, stdout) : "unknown");
}

/** Reads docker's answer for one service. */
export function deployedOf(service: string, network: string, answer: string): Deployed {
  const all = answer
    .split("\n")
    .map((line) => line.split("\t"))
    .filter(([label]) => label === service);
  // Docker puts the newest first. The state has the successor of a former one.
  const found = all.find(([, name = ""]) => !isFormer(name));
  const [, , image = "", networks = ""] = found ?? all[0] ?? [];
  if (found === undefined) return all.length === 0 ? "absent" : `former ${image}`;
  return { image, connected: networks.split(",").includes(network) };
}

/** A database's container: what it runs with, and what its data was made with. */
export interface DatabaseContainer {
  /** Its arguments. */
  command: string[];
  name: string;
  user: string;
  major: number;
  /** `host:port` of the server, if the container is the client of one outside of the stack. */
  server?: string | undefined;
}

/** What is read of `docker container inspect`. */
interface Inspected {
  Config: { Env: string[] | null; Cmd: string[] | null };
}

/** @returns Undefined if it is not there, or if no daemon answers. */
export async function askDatabase(
  container: string,
  host: DockerHost,
): Promise<DatabaseContainer | undefined> {
  const { stdout, error } = await askDocker(
    ["container", "inspect", "--format", "{{json .}}", container],
    host,
  );
  return error === undefined ? databaseOf(stdout) : undefined;
}

/** Reads docker's answer; undefined if it has no variables of a database. */
export function databaseOf(answer: string): DatabaseContainer | undefined {
  const { Env: env, Cmd: command } = (JSON.parse(answer) as Inspected).Config;
  const [name, user] = [variableIn(env, "POSTGRES_DB"), variableIn(env, "POSTGRES_USER")];
  if (name === undefined || user === undefined) return undefined;
  return {
    command: command ?? [],
    name,
    user,
    major: Number(variableIn(env, "PG_MAJOR")),
    server: serverIn(env),
  };
}
