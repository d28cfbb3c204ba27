/**
 * The command line of a step: a program of `steps/`, run by the Node on PATH in the project's folder.
 * It has no path of this machine in it, so that a stack deployed from two machines shows no difference.
 */
export const stepCommand = (step: Step): string => `node steps/${step}.ts`;

type Step =
  | "await-healthy"
  | "build-image"
  | "migrate"
  | "place-files"
  | "record-history"
  | "remove-files"
  | "set-password"
  | "trial"
  | "upgrade-database";

/** `DOCKER_HOST` for a step, where the configuration names a host; else the step has the environment's, as pulumi has. */
export const dockerEnvironment = (dockerHost: string | undefined): Record<string, string> =>
  dockerHost === undefined ? {} : { DOCKER_HOST: dockerHost };
