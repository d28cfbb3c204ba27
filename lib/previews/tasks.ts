/** What changes about a service in a swarm, read off the paths of its inputs. */

import type { PreviewStep, State } from "./steps.ts";

/** Beginnings of paths, as people know them. What a service follows and what it runs by are looked at by themselves. */
const PARTS: [path: string, words: string][] = [
  ["taskSpec.containerSpec.image", "new image"],
  ["taskSpec.containerSpec.env", "environment"],
  ["taskSpec.containerSpec.secrets", "files or secrets"],
  ["taskSpec.containerSpec.configs", "files or secrets"],
  ["taskSpec.containerSpec.healthcheck", "health"],
  ["taskSpec.containerSpec.args", "command"],
  ["taskSpec.containerSpec.stopSignal", "stop signal"],
  ["taskSpec.resources", "limits"],
  ["taskSpec.placement", "placement"],
  ["taskSpec.forceUpdate", "its last update failed"],
  ["updateConfig", "overlap"],
];

export const isInSwarm = (step: PreviewStep | undefined): boolean =>
  step !== undefined && /docker:index\/service:Service::/.test(step.urn);

const paths = ({ detailedDiff }: PreviewStep): string[] =>
  Object.keys(detailedDiff ?? {}).map((path) => path.replace(/\.env\.AGATHA_\w+$/, ".own"));

/** Whether tasks are replaced: else docker only starts further ones, or ends some. */
export const replacesTasks = (step: PreviewStep): boolean =>
  paths(step).some((path) => path.startsWith("taskSpec"));

/** Whether a service in a swarm is asked for its health in another way, or at another port. */
export const changesProbe = (step: PreviewStep): boolean =>
  paths(step).some((path) => path.startsWith("taskSpec.containerSpec.healthcheck.test"));

/** Whether a task ends before the one that replaces it starts. */
export const stopsFirst = (step: PreviewStep | undefined): boolean =>
  (step?.newState?.inputs?.["updateConfig"] as { order?: string } | undefined)?.order === "stop-first";

export function taskReasons(step: PreviewStep): string[] {
  const [before, after] = [replicas(step.oldState), replicas(step.newState)];
  const changed = PARTS.filter(([part]) => paths(step).some((path) => path.startsWith(part)));
  return [
    ...(before === after ? [] : [`replicas ${before} => ${after}`]),
    ...new Set(changed.map(([, words]) => words)),
  ];
}

const replicas = (state: State | undefined): number | undefined =>
  (state?.inputs?.["mode"] as { replicated?: { replicas?: number } } | undefined)?.replicated?.replicas;
