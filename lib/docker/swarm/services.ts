/** A stack's services in a swarm, by their names. */
import { createHash } from "node:crypto";
import { type Answer, askDocker } from "../ask.ts";
import { jsonLines, linesOf, runDocker } from "../client.ts";
import { variableIn } from "../containerVariables.ts";
import type { Deployed } from "../deployedContainers.ts";
import type { DockerHost } from "../host.ts";

/** A task's variable with the ref of its image, which it runs by another name. */
export const IMAGE_VARIABLE = "AGATHA_IMAGE";

/** What tasks are made of: a change of any of these makes others. */
export interface TaskSpec {
  ContainerSpec: {
    Image: string;
    Env?: string[];
    Secrets?: { SecretID: string }[];
    Configs?: { ConfigID: string }[];
  };
  Resources?: object;
  ForceUpdate?: number;
}

/** What is read of `docker service inspect`. */
export interface Inspected {
  Spec: {
    Name: string;
    Labels: Record<string, string>;
    Mode?: { Replicated?: { Replicas: number } };
    TaskTemplate: TaskSpec;
  };
  /** Of the last update; missing if that started no task. */
  UpdateStatus?: { State: string; Message: string };
}

/** Whether the version of the last update does not run: docker went back to the one before, or stopped half-way. */
export const isUndone = (state: string): boolean => /^(rollback_|paused)/.test(state);

/** The ref of the image that a service runs. */
export const imageOf = ({ Spec: { TaskTemplate } }: Inspected): string =>
  variableIn(TaskTemplate.ContainerSpec.Env, IMAGE_VARIABLE) ?? TaskTemplate.ContainerSpec.Image;

/** A short form of what a service runs: its image, its settings and its files. @param ids Of its secrets and configs. */
export const versionOf = (env: Record<string, string>, ids: string[]): string =>
  hashOf(
    Object.entries(env).map(([key, value]) => `${key}=${value}`),
    ids,
  );

/** The same of a service that docker has. */
export const versionIn = ({ Spec }: Inspected): string => {
  const { Env = [], Secrets = [], Configs = [] } = Spec.TaskTemplate.ContainerSpec;
  const secrets = Secrets.map(({ SecretID }) => SecretID);
  return hashOf(Env, [...secrets, ...Configs.map(({ ConfigID }) => ConfigID)]);
};

const hashOf = (env: string[], ids: string[]): string =>
  createHash("sha256")
    .update(JSON.stringify([env.toSorted(), ids.toSorted()]))
    .digest("hex");

/** What docker lists of a swarm; nothing if the docker host is no manager of one. @throws UserError with docker's message. */
export const swarmLines = async (args: string[], env = process.env): Promise<string[]> =>
  linesOf((await runDocker(args, { env, tolerated: /not a swarm manager/i })).stdout);

/** Asks once for all services. @param nameOf The name of a service in the swarm. */
export async function askServices(
  services: readonly string[],
  nameOf: (service: string) => string,
  host: DockerHost,
): Promise<(service: string) => Deployed> {
  const args = ["service", "inspect", "--format", "{{json .}}", ...services.map(nameOf)];
  const answer = await askDocker(args, host);
  return (service) => deployedOf(nameOf(service), answer);
}

/** Reads docker's answer for one service: a line for each that is there, an error for each that is not. */
export function deployedOf(name: string, { stdout, stderr, error }: Answer): Deployed {
  const found = jsonLines<Inspected>(stdout).find(({ Spec }) => Spec.Name === name);
  if (found === undefined)
    return error === undefined || stderr.split("\n").some((line) => line.endsWith(`no such service: ${name}`))
      ? "absent"
      : "unknown";
  if (isUndone(found.UpdateStatus?.State ?? "")) return `former ${imageOf(found)}`;
  return { image: imageOf(found), connected: true };
}
