/** Asks the docker daemon, once for all services, what is deployed of them. */
import { askDocker } from "./ask.ts";
import type { DockerHost } from "./host.ts";

/** What is known of a service's container: nothing, where no daemon answers in time. */
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

/** Variables that tell of a database; none has a blank in it. */
const VARIABLES = ["POSTGRES_DB", "POSTGRES_USER", "PG_MAJOR"];

/** No name of these has a blank in it. The arguments, which may have, come last, after a tab. */
const FORMAT = [
  "{{.Name}} {{.Config.Image}}{{range $name, $_ := .NetworkSettings.Networks}} {{$name}}{{end}}",
  `{{range .Config.Env}}{{if eq (index (split . "=") 0) ${VARIABLES.map((name) => `"${name}"`).join(" ")}}} {{.}}{{end}}{{end}}`,
  "\t{{json .Config.Cmd}}",
].join("");

/**
 * @param containers Names of containers.
 * @param network Name of the network that they are to be in.
 */
export async function askDeployed(
  containers: string[],
  network: string,
  host: DockerHost,
): Promise<Map<string, Deployed>> {
  const { stdout, stderr } = await askDocker(
    ["container", "inspect", "--format", FORMAT, ...containers],
    host,
  );
  return new Map(containers.map((name) => [name, deployed(name, network, stdout, stderr)]));
}

/** What docker's answer says of one container: a line for each that is there, an error for each that is not. */
export function deployed(container: string, network: string, stdout: string, stderr: string): Deployed {
  const line = stdout.split("\n").find((entry) => entry.startsWith(`/${container} `));
  if (line !== undefined) {
    const [words = "", command = "null"] = line.split("\t");
    const [, image = "", ...rest] = words.split(" ");
    const variable = (name: string) =>
      rest.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
    const [name, user, major] = VARIABLES.map(variable);
    return {
      image,
      connected: rest.includes(network),
      command: (JSON.parse(command) as string[] | null) ?? [],
      ...(name === undefined || user === undefined ? {} : { database: { name, user, major: Number(major) } }),
    };
  }
  const denials = stderr.split("\n").filter((entry) => /no such container/i.test(entry));
  return denials.some((entry) => entry.trimEnd().endsWith(`: ${container}`)) ? "absent" : "unknown";
}
