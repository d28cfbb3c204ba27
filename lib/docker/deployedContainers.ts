/** Asks the docker daemon, once for all services, which containers are deployed. */
import { askDocker, isDenied } from "./ask.ts";
import type { DockerHost } from "./host.ts";

/** What is known about a service's container; unknown if no daemon answers in time. */
export type Deployed = "unknown" | "absent" | Container;

export interface Container {
  /** The reference of its image. */
  image: string;
  /** Whether it is in the stack's network. */
  connected: boolean;
  /** Its arguments. */
  command: string[];
  /** Of a database: what its data was made with. */
  database?: { name: string; user: string; major: number };
}

/** What is read of `docker container inspect`. */
interface Inspected {
  Name: string;
  Config: { Image: string; Env: string[] | null; Cmd: string[] | null };
  NetworkSettings: { Networks: Record<string, unknown> | null };
}

/**
 * @param containers Names of containers.
 * @param network The name of the stack's network.
 */
export async function askDeployed(
  containers: string[],
  network: string,
  host: DockerHost,
): Promise<Map<string, Deployed>> {
  const args = ["container", "inspect", "--format", "{{json .}}", ...containers];
  const { stdout, stderr } = await askDocker(args, host);
  return new Map(containers.map((name) => [name, deployed(name, network, stdout, stderr)]));
}

/** Reads docker's answer for one container: a line for each that is there, an error for each that is not. */
export function deployed(container: string, network: string, stdout: string, stderr: string): Deployed {
  // Client 20.10 prints an empty line if all are missing. What follows the last line end may be half a line, if the time limit
  // ended the client.
  const lines = stdout.split("\n").slice(0, -1).filter(Boolean);
  const found = lines
    .map((line) => JSON.parse(line) as Inspected)
    .find(({ Name }) => Name === `/${container}`);
  if (found === undefined) return isDenied(stderr, "container", container) ? "absent" : "unknown";
  const { Image: image, Env: env, Cmd: command } = found.Config;
  const variable = (name: string) =>
    env?.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  const [name, user] = [variable("POSTGRES_DB"), variable("POSTGRES_USER")];
  return {
    image,
    connected: Object.hasOwn(found.NetworkSettings.Networks ?? {}, network),
    command: command ?? [],
    ...(name === undefined || user === undefined
      ? {}
      : { database: { name, user, major: Number(variable("PG_MAJOR")) } }),
  };
}
