/** The steps of a preview, and what several readers of them look for. */

/** A resource as `pulumi preview --json` has it. */
export interface State {
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

export interface PreviewStep {
  op: string;
  urn: string;
  oldState?: State;
  newState?: State;
  detailedDiff?: Record<string, unknown> | null;
}

/** By the resource's name. */
export type Steps = Map<string, PreviewStep>;

/** The inputs that decide an image, as its build has them in its triggers. */
export function inputsOf(state: State | undefined): Record<string, unknown> {
  const triggers = state?.inputs?.["triggers"];
  return Array.isArray(triggers) ? (triggers[0] as Record<string, unknown>) : {};
}

/** A step's environment variables. */
export const environmentOf = (state: State | undefined): Record<string, unknown> =>
  (state?.inputs?.["environment"] ?? {}) as Record<string, unknown>;

export const isReplaced = (step: PreviewStep | undefined): boolean =>
  step !== undefined && !["same", "create", "update", "delete"].includes(step.op);

/** The paths of the inputs that change. */
export const changedPaths = (step: PreviewStep | undefined): string[] =>
  Object.keys(step?.detailedDiff ?? {});

export const isInSwarm = (step: PreviewStep): boolean => /docker:index\/service:Service::/.test(step.urn);

/** Since when a service's container is gone, if it is. The state may still have the moment of an earlier update. */
export function absentAt(files: PreviewStep | undefined): string | undefined {
  const moment = environmentOf(files?.newState)["ABSENT_AT"];
  const isNew = moment !== environmentOf(files?.oldState)["ABSENT_AT"];
  return typeof moment === "string" && isNew ? moment : undefined;
}

/** The ref of the image that serves, where a service's container is gone since its update failed; else undefined. */
export const servingFormer = (files: PreviewStep | undefined): string | undefined =>
  / former (\S+)$/.exec(absentAt(files) ?? "")?.[1];
