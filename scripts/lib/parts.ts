/** What of a stack is on the docker host, found by its labels. */
import { dockerFailure } from "../setup/docker.ts";
import { run } from "./exec.ts";
import { npmRun } from "./stack.ts";

export type Kind = "container" | "network" | "volume";

export interface Part {
  service: string;
  name: string;
  /** A container's, in docker's words: `Up 2 minutes (healthy)`. */
  status: string;
  ports: string;
  image: string;
}

/** @throws Stop in docker's words. */
export async function partsOf(kind: Kind, stack: string, env: NodeJS.ProcessEnv): Promise<Part[]> {
  const fields = kind === "container" ? ["Names", "Status", "Ports", "Image"] : ["Name"];
  const format = ['{{.Label "agatha.service"}}', ...fields.map((field) => `{{.${field}}}`)].join("\t");
  const all = kind === "container" ? ["--all"] : [];
  const args = [kind, "ls", ...all, "--filter", `label=agatha.stack=${stack}`, "--format", format];
  const { code, output } = await run("docker", args, { env });
  if (code !== 0) throw await dockerFailure(`docker ${kind} ls`, output);
  const lines = output.split("\n").filter(Boolean);
  return lines.map((line) => {
    const [service = "", name = "", status = "", ports = "", image = ""] = line.split("\t");
    return { service, name, status, ports, image };
  });
}

/** Names of the volumes with the data: the others hold files that the configuration has too. */
export const dataIn = (volumes: Part[]): string[] =>
  volumes.filter(({ service }) => service === "db").map(({ name }) => name);

/**
 * Why a stack is not up although its update went well: Pulumi does not look at what the state has already.
 *
 * @param containers The stack's.
 * @returns A sentence with the fix; undefined where each service runs.
 */
export function notUp(stack: string, containers: Part[]): string | undefined {
  const states = ["db", "back", "front"].map((service) => {
    const status = containers.find((container) => container.service === service)?.status;
    if (status === undefined) return { service, state: "is not there" };
    const healthy = status.startsWith("Up ") && !/\((unhealthy|Paused)\)/.test(status);
    return healthy ? undefined : { service, state: `is "${status}"` };
  });
  const wrong = states.filter((state) => state !== undefined);
  if (wrong.length === 0) return undefined;
  const what = wrong.map(({ service, state }) => `${service} ${state}`).join(", ");
  // A back gets unhealthy by itself where its database is gone.
  const sick = wrong.every(({ state }) => state.includes("unhealthy"));
  const fix = sick
    ? `${npmRun("logs", stack, wrong[0]?.service)} shows why.`
    : `${npmRun("up", stack, "--refresh")} makes it again.`;
  return `up: stack ${stack} is not up: ${what} on the docker host. ${fix}`;
}
