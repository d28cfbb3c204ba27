/** Asks the docker daemon, once for all services, what is deployed of them. */
import { askDocker } from "./askDocker.ts";
import type { DockerHost } from "./dockerHost.ts";

/** What is known of a service's container: nothing, where no daemon answers in time. */
export type Deployed = "unknown" | "absent" | { image: string };

/** @param containers Names of containers. */
export async function askDeployed(containers: string[], host: DockerHost): Promise<Map<string, Deployed>> {
  const args = ["container", "inspect", "--format", "{{.Name}} {{.Config.Image}}", ...containers];
  const { stdout, stderr } = await askDocker(args, host);
  return new Map(containers.map((name) => [name, deployed(name, stdout, stderr)]));
}

/** What docker's answer says of one container: a line for each that is there, an error for each that is not. */
export function deployed(container: string, stdout: string, stderr: string): Deployed {
  const line = stdout.split("\n").find((entry) => entry.startsWith(`/${container} `));
  if (line !== undefined) return { image: line.slice(container.length + 2) };
  const denials = stderr.split("\n").filter((entry) => /no such container/i.test(entry));
  return denials.some((entry) => entry.trimEnd().endsWith(`: ${container}`)) ? "absent" : "unknown";
}
