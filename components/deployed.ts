/** Asks the docker daemon, once for all services, what is deployed of them. */
import { execFile } from "node:child_process";
import { type DockerHost, isLocal } from "./dockerHost.ts";

/** What is known of a service's container: nothing, where no daemon answers in time. */
export type Deployed = "unknown" | "absent" | { image: string };

/** Longest time for the answer, in milliseconds: from this machine, and from another, with ssh's greeting. */
const TIME_LIMIT = 2000;
const REMOTE_TIME_LIMIT = 10_000;

/**
 * @param containers Names of containers.
 * @param host Answers, or did just now: who does not is not asked.
 */
export function askDeployed(containers: string[], host: DockerHost): Promise<Map<string, Deployed>> {
  const args = ["container", "inspect", "--format", "{{.Name}} {{.Config.Image}}", ...containers];
  const env = { ...process.env, ...host.env };
  const timeout = isLocal(host) ? TIME_LIMIT : REMOTE_TIME_LIMIT;
  return new Promise((resolve) => {
    execFile("docker", args, { env, timeout }, (_error, stdout, stderr) => {
      resolve(new Map(containers.map((name) => [name, deployed(name, stdout, stderr)])));
    });
  });
}

/** What docker's answer says of one container: a line for each that is there, an error for each that is not. */
export function deployed(container: string, stdout: string, stderr: string): Deployed {
  const line = stdout.split("\n").find((entry) => entry.startsWith(`/${container} `));
  if (line !== undefined) return { image: line.slice(container.length + 2) };
  const denials = stderr.split("\n").filter((entry) => /no such container/i.test(entry));
  return denials.some((entry) => entry.trimEnd().endsWith(`: ${container}`)) ? "absent" : "unknown";
}
