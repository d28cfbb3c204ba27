/** Why a service's container, or its tasks in a swarm, are replaced, or changed as they run. */
import { settingsOf } from "../config/databaseSettings.ts";
import { differences, worded } from "../images/differences.ts";
import { isRolling, type ServiceName } from "../serviceNames.ts";
import {
  changedPaths,
  isInSwarm,
  isReplaced,
  type PreviewStep,
  type State,
  type Steps,
  servingFormer,
} from "./steps.ts";

const NEW_IMAGE = "new image";

/** Properties of a container, or of tasks, as people know them; any other of a container is shown by its own name. */
const WORDS: Record<string, string[]> = {
  [NEW_IMAGE]: ["image"],
  command: ["args"],
  environment: ["env", "envs"],
  "files or secrets": ["configs", "secrets", "uploads", "volumes"],
  health: ["healthcheck"],
  "init process": ["init"],
  "its last update failed": ["forceUpdate"],
  "limit of processors": ["cpuPeriod", "cpuQuota"],
  limits: ["resources"],
  "log rotation": ["logOpts"],
  "names in the network": ["networksAdvanced"],
  overlap: ["updateConfig"],
  placement: ["placement"],
  "published port": ["ports"],
  "read-only root": ["readOnly"],
  "restart policy": ["restart"],
  "shared memory": ["shmSize"],
  "stop signal": ["stopSignal"],
  "temporary folders": ["tmpfs"],
};

export function containerReasons(name: ServiceName, step: PreviewStep, byName: Steps): string[] {
  const files = byName.get(`${name}-files`);
  const properties = changedPaths(step)
    // What tasks follow and run by is looked at by itself.
    .filter((path) => !/\.env\.AGATHA_\w+$/.test(path))
    .map((path) => path.replace(/^taskSpec\.(containerSpec\.)?/, "").replace(/[.[].*/, ""));
  const reasons = [
    ...properties.flatMap((property) => propertyReason(name, property, step) ?? []),
    ...changedPaths(files).flatMap((path) => fileReason(name, path, files) ?? []),
    ...(name === "back" && isReplaced(byName.get("db-container")) ? ["its database is replaced"] : []),
    ...(isReplaced(byName.get("network")) ? ["its network is replaced"] : []),
  ];
  const serving = servingFormer(files);
  if (serving === undefined) return [...new Set(reasons)];
  // The state has the image that failed.
  const others = reasons.filter((reason) => reason !== NEW_IMAGE);
  return [...new Set(step.newState?.inputs?.["image"] === serving ? others : [NEW_IMAGE, ...others])];
}

/** Undefined for what is no reason, or has another one beside it. */
function propertyReason(name: ServiceName, property: string, step: PreviewStep): string | undefined {
  // What they follow is looked at by itself. Without a limit of its own, swap follows the memory.
  if (["labels", "memorySwap", "name"].includes(property)) return undefined;
  // Those with its files: see `fileReason`.
  if (property === "volumes" && name !== "db") return undefined;
  if (property === "networksAdvanced" && isRolling(name)) return undefined;
  const [before, after] = [step.oldState, step.newState].map((state) => state?.inputs?.[property]);
  if (property === "command") return settingReason(step);
  if (property === "memory") return `memory ${before} => ${after} MB`;
  if (property === "mode") return `replicas ${replicas(before)} => ${replicas(after)}`;
  if (property === "ports" && isRolling(name)) return "the gateway gets its port";
  const [words] = Object.entries(WORDS).find(([, properties]) => properties.includes(property)) ?? [];
  return words ?? (isInSwarm(step) ? undefined : property);
}

const replicas = (mode: unknown) => (mode as { replicated?: { replicas?: number } })?.replicated?.replicas;

/** Why a service's files are placed anew, apart from what makes another container all the same. */
function fileReason(name: ServiceName, path: string, files: PreviewStep | undefined): string | undefined {
  if (path === "stdin" || path === "environment.FOLDERS")
    return name === "gateway" ? "its configuration" : "files or secrets";
  if (path === "environment.STOP") return "overlap";
  if (path !== "environment.ABSENT_AT") return undefined;
  return servingFormer(files) === undefined ? "it is gone" : "its last update failed";
}

/** What changes about PostgreSQL's settings, which are arguments: `settings: ~ max_connections 100 => 200`. */
function settingReason({ oldState, newState }: PreviewStep): string {
  const settings = (state: State | undefined): Record<string, string> =>
    Object.fromEntries(
      settingsOf((state?.inputs?.["command"] ?? []) as string[]).map((setting) => setting.split(/=(.*)/s)),
    );
  const changed = differences(settings(oldState), settings(newState)).map(worded);
  return changed.length === 0 ? "command" : `settings: ${changed.join(", ")}`;
}
