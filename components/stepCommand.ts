import { type Deployed, isFormerDeployed } from "../lib/docker/deployedContainers.ts";

/**
 * The command line of a step: a program in `steps/`, which the Node on PATH runs in the project's folder. It contains no path
 * of this machine, so that a stack deployed from two machines shows no difference.
 */
export const stepCommand = (step: string): string => `node steps/${step}.ts`;

/** `DOCKER_HOST` for a step if the configuration names a host; otherwise the step has the environment's, as pulumi does. */
export const dockerEnvironment = (dockerHost: string | undefined): Record<string, string> =>
  dockerHost === undefined ? {} : { DOCKER_HOST: dockerHost };

/** A moment, for `runAgain`: differs from every earlier value, also from that of an update that failed. */
export const now = (): string => new Date().toISOString();

/** For `runAgain`, if the container that the state has is gone: when that was seen, and what serves if a former one does. */
export function goneAt(deployed: Deployed | undefined): string | undefined {
  if (isFormerDeployed(deployed)) return `${now()} ${deployed}`;
  return deployed === "absent" ? now() : undefined;
}

/**
 * Makes a step run again although nothing else changed: while the value is set, Pulumi compares the variable. Without a value
 * it ignores the variable, since the state may still have it from an earlier update, which is no reason to run.
 *
 * @param also Variables that count as changes only while the value is set.
 */
export const runAgain = (
  variable: string,
  value: string | undefined,
  also: string[] = [],
): { environment: Record<string, string>; ignoreChanges: string[] } =>
  value === undefined
    ? { environment: {}, ignoreChanges: [variable, ...also].map((name) => `environment.${name}`) }
    : { environment: { [variable]: value }, ignoreChanges: [] };
