/** How long a service is away while a preview's changes are made. */
import type { ServiceName } from "../serviceNames.ts";
import { healthFacts } from "../stepFacts.ts";
import {
  absentAt,
  changedPaths,
  environmentOf,
  inputsOf,
  isReplaced,
  type PreviewStep,
  type Steps,
  servingFormer,
} from "./steps.ts";

/** Seconds that stopping and creating a container takes beside the service's own start, as it was measured. */
const HANDOVER_SECONDS = 0.8;

/** How long a service is away, in seconds if that is known. */
export type Away =
  | number
  | "not at all"
  | "not known yet"
  | "a time that depends on its size"
  | "from now on"
  | "until the gateway is replaced too";

export const inWords = (away: Away): string =>
  typeof away === "number" ? `about ${away.toFixed(0)} s` : away;

/** Undefined for a service that is away already. */
export function awayFor(name: ServiceName, byName: Steps): Away | undefined {
  const container = byName.get(`${name}-container`);
  // Until the gateway is replaced too, it looks for the tasks at another port, or asks them something else.
  const probe = "taskSpec.containerSpec.healthcheck.test";
  if (
    changedPaths(container).some((path) => path.startsWith(probe)) &&
    isReplaced(byName.get("gateway-container"))
  )
    return "until the gateway is replaced too";
  const files = byName.get(`${name}-files`);
  if (absentAt(files) !== undefined && servingFormer(files) === undefined) return undefined;
  if (name === "db" && isClient(container)) return "not at all";
  const away = lastAway(byName.get(`${name}-healthy`));
  if (name === "db" || name === "gateway") return away;
  const database = byName.get("db-container");
  if (name === "back" && isReplaced(database) && !isClient(database))
    return awayWithDatabase(byName.get("db-healthy"), byName.get("back-healthy"));
  const { order } = (container?.newState?.inputs?.["updateConfig"] ?? {}) as { order?: string };
  const isStopped = environmentOf(files?.newState)["STOP"] !== undefined || order === "stop-first";
  return isStopped ? away : "not at all";
}

/** Whether a database's container is the client of a server outside of the stack, which the back does not need. */
export const isClient = (container: PreviewStep | undefined): boolean =>
  [inputsOf(container?.newState)["envs"]].flat().some((entry) => String(entry).startsWith("PGHOST="));

/** Pulumi removes the back before its database, and makes it once that is healthy and migrated. */
function awayWithDatabase(db: PreviewStep | undefined, back: PreviewStep | undefined): Away {
  const [away, { startSeconds }] = [lastAway(db), healthFacts(back?.oldState?.outputs ?? {})];
  return typeof away === "number" && startSeconds !== undefined ? away + startSeconds : "not known yet";
}

/** As long as the last time. Before there was a last time, it is reckoned from what its start took. */
function lastAway(healthy: PreviewStep | undefined): Away {
  const { startSeconds, awaySeconds } = healthFacts(healthy?.oldState?.outputs ?? {});
  if (awaySeconds !== undefined) return awaySeconds;
  return startSeconds === undefined ? "not known yet" : startSeconds + HANDOVER_SECONDS;
}
