/** What of a stack is on the docker host, found by its labels. */

import { dockerFailure } from "../../setup/docker.ts";
import { run } from "../process.ts";
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

/** A stack's services, in the order in which they start. */
export const SERVICES = ["db", "back", "front"];

/** Said of a service that has no container. */
export const ABSENT = "is not there";

/** @throws UserError in docker's words. */
export async function partsOf(kind: Kind, stack: string, env: NodeJS.ProcessEnv): Promise<Part[]> {
  const fields = kind === "container" ? ["Names", "Status", "Ports", "Image"] : ["Name"];
  const format = ['{{.Label "agatha.service"}}', ...fields.map((field) => `{{.${field}}}`)].join("\t");
  const all = kind === "container" ? ["--all"] : [];
  const args = [kind, "ls", ...all, "--filter", `label=agatha.stack=${stack}`, "--format", format];
  const { code, output } = await run("docker", args, { env });
  if (code !== 0) throw await dockerFailure(`docker ${kind} ls`, output, env);
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
  const states = SERVICES.map((service) => {
    const container = containers.find((one) => one.service === service);
    if (container === undefined) return { service, name: "", state: ABSENT };
    const { status, name } = container;
    const healthy = status.startsWith("Up ") && !/\((unhealthy|Paused)\)/.test(status);
    return healthy ? undefined : { service, name, state: `is "${status}"` };
  });
  const wrong = states.filter((state) => state !== undefined);
  if (wrong.length === 0) return undefined;
  const what = wrong.map(({ service, state }) => `${service} ${state}`).join(", ");
  return `up: stack ${stack} is not up: ${what} on the docker host. ${fixFor(stack, wrong)}`;
}

/** A refresh makes again what does not run: docker takes what is paused, or starts over and over, for running. */
function fixFor(stack: string, wrong: { service: string; name: string; state: string }[]): string {
  const paused = wrong.filter(({ state }) => state.includes("(Paused)"));
  const sick = wrong.filter(({ state }) => /^is "Restarting|\(unhealthy\)/.test(state));
  // What is only sick may be so for want of another, as a back is without its database.
  if (paused.length + sick.length < wrong.length)
    return `${npmRun("up", stack, "--refresh")} makes it again.`;
  if (paused.length > 0)
    return `\`docker unpause ${paused.map(({ name }) => name).join(" ")}\` lets it go on.`;
  return `${npmRun("logs", stack, sick[0]?.service)} shows why.`;
}
