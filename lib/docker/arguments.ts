/** Docker's argument lists that more than one place needs: built here, run elsewhere. */

export type Kind = "container" | "network" | "volume" | "service" | "secret" | "config";

/** The labels that everything of a stack carries on its docker host. */
export const STACK_LABEL = "agatha.stack";
export const SERVICE_LABEL = "agatha.service";

/** Filters of `docker … ls`: what belongs to a stack, or to one service of it. */
export const ofStack = (stack: string, service?: string): string[] => [
  ...["--filter", `label=${STACK_LABEL}=${stack}`],
  ...(service === undefined ? [] : ["--filter", `label=${SERVICE_LABEL}=${service}`]),
];

/** The labels of what docker's client makes for a stack. */
export const labelled = (stack: string, service: string): string[] => [
  ...["--label", `${STACK_LABEL}=${stack}`, "--label", `${SERVICE_LABEL}=${service}`],
];

/** `nobody` and its group, which own nothing. */
export const NOBODY = "65534:65534";

/** A container without capabilities, which cannot gain any. */
export const HARDENED = ["--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"];

const FORCE: Partial<Record<Kind, string[]>> = { container: ["--force", "--volumes"], volume: ["--force"] };

/** Removes by force: a container that runs too, with its anonymous volumes. Docker refuses volumes and networks in use. */
export const removal = (kind: Kind, ...names: string[]): string[] => [
  ...[kind, "rm"],
  ...(FORCE[kind] ?? []),
  ...names,
];
