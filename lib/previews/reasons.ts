/** Why a service's container is replaced, or changed as it runs. */
import { settingsOf } from "../config/databaseSettings.ts";
import { differences, worded } from "../images/differences.ts";
import { isRolling, type ServiceName } from "../serviceNames.ts";
import { isReplaced, type PreviewStep, type State, type Steps, servingFormer } from "./steps.ts";
import { isInSwarm, taskReasons } from "./tasks.ts";

const NEW_IMAGE = "new image";

/** Properties of a container as people know them; any other is shown by its own name. */
const PROPERTIES: Record<string, string> = {
  cpuPeriod: "limit of processors",
  cpuQuota: "limit of processors",
  envs: "environment",
  healthcheck: "health",
  image: NEW_IMAGE,
  init: "init process",
  logOpts: "log rotation",
  networksAdvanced: "names in the network",
  ports: "published port",
  readOnly: "read-only root",
  restart: "restart policy",
  shmSize: "shared memory",
  tmpfs: "temporary folders",
  uploads: "files or secrets",
  volumes: "files or secrets",
};

export function containerReasons(name: ServiceName, step: PreviewStep, byName: Steps): string[] {
  const properties = Object.keys(step.detailedDiff ?? {}).map((path) => path.replace(/[.[].*/, ""));
  const reasons = [
    ...(isInSwarm(step)
      ? taskReasons(step)
      : properties.flatMap((property) => propertyReasons(name, property, step))),
    ...fileReasons(name, byName.get(`${name}-files`)),
    ...(name === "back" && isReplaced(byName.get("db-container")) ? ["its database is replaced"] : []),
    ...(isReplaced(byName.get("network")) ? ["its network is replaced"] : []),
  ];
  const serving = servingFormer(byName.get(`${name}-files`));
  if (serving === undefined) return [...new Set(reasons)];
  // The state has the image that failed.
  const others = reasons.filter((reason) => reason !== NEW_IMAGE);
  return [...new Set(step.newState?.inputs?.["image"] === serving ? others : [NEW_IMAGE, ...others])];
}

function propertyReasons(name: ServiceName, property: string, step: PreviewStep): string[] {
  const { oldState, newState } = step;
  // What they follow is looked at by itself. Without a limit of its own, swap follows the memory.
  if (["labels", "memorySwap", "name"].includes(property)) return [];
  if (property === "command") return [settingReasons(step)];
  if (property === "memory")
    return [`memory ${oldState?.inputs?.["memory"]} => ${newState?.inputs?.["memory"]} MB`];
  // Those with its files: see `fileReasons`.
  if (property === "volumes" && name !== "db") return [];
  if (isRolling(name) && property === "networksAdvanced") return [];
  if (isRolling(name) && property === "ports") return ["the gateway gets its port"];
  return [PROPERTIES[property] ?? property];
}

/** Why a service's files are placed anew, apart from what makes another container all the same. */
function fileReasons(name: ServiceName, files: PreviewStep | undefined): string[] {
  return Object.keys(files?.detailedDiff ?? {}).flatMap((path) => {
    if (path === "stdin" || path === "environment.FOLDERS")
      return [name === "gateway" ? "its configuration" : "files or secrets"];
    if (path === "environment.STOP") return ["overlap"];
    if (path !== "environment.ABSENT_AT") return [];
    return [servingFormer(files) === undefined ? "it is gone" : "its last update failed"];
  });
}

/** What changes about PostgreSQL's settings, which are arguments: `settings: ~ max_connections 100 => 200`. */
function settingReasons({ oldState, newState }: PreviewStep): string {
  const settings = (state: State | undefined) =>
    Object.fromEntries(
      settingsOf((state?.inputs?.["command"] ?? []) as string[]).map((setting) => setting.split(/=(.*)/s)),
    ) as Record<string, string>;
  const changed = differences(settings(oldState), settings(newState)).map(worded);
  return changed.length === 0 ? "command" : `settings: ${changed.join(", ")}`;
}
