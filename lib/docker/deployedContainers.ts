/** Asks the docker daemon, once for all services, which containers are deployed. */
import { ofStack, SERVICE_LABEL } from "./arguments.ts";
import { askDocker } from "./ask.ts";
import { serverIn, variableIn } from "./containerVariables.ts";
import type { DockerHost } from "./host.ts";
import { isFormer } from "./serviceContainers.ts";

/** What serves because its successor failed, with the reference of its image. */
type Former = `former ${string}`;

/** A service's container: its image's reference, and whether it is in the stack's network; unknown if no daemon answers in time. */
export type Deployed = "unknown" | "absent" | Former | { image: string; connected: boolean };

export const isFormerDeployed = (deployed: Deployed | undefined): deployed is Former =>
  typeof deployed === "string" && deployed.startsWith("former ");

/** @param network The name of the stack's network. */
export async function askDeployed(
  stack: string,
  network: string,
  host: DockerHost,
): Promise<(service: string) => Deployed> {
  const format = `{{.Label "${SERVICE_LABEL}"}}\t{{.Names}}\t{{.Image}}\t{{.Networks}}`;
  const args = ["container", "ls", "--all", "--no-trunc", ...ofStack(stack), "--format", format];
  const { stdout, error } = await askDocker(args, host);
  return (service) => (error === undefined ? deployedOf(service, network, stdout) : "unknown");
}

/** Reads docker's answer for one service. */
export function deployedOf(service: string, network: string, answer: string): Deployed {
  const containers = answer.split("\n").map((line) => line.split("\t"));
  const all = containers.filter(([label]) => label === service);
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

/** @returns Undefined if it is not there, or if no daemon answers. */
export async function askDatabase(
  container: string,
  host: DockerHost,
): Promise<DatabaseContainer | undefined> {
  const args = ["container", "inspect", "--format", "{{json .Config}}", container];
  const { stdout, error } = await askDocker(args, host);
  return error === undefined ? databaseOf(stdout) : undefined;
}

/** Reads docker's answer; undefined if it has no variables of a database. */
export function databaseOf(answer: string): DatabaseContainer | undefined {
  const { Env, Cmd } = JSON.parse(answer) as { Env: string[] | null; Cmd: string[] | null };
  const [name, user] = [variableIn(Env, "POSTGRES_DB"), variableIn(Env, "POSTGRES_USER")];
  if (name === undefined || user === undefined) return undefined;
  const major = Number(variableIn(Env, "PG_MAJOR"));
  return { command: Cmd ?? [], name, user, major, server: serverIn(Env) };
}
