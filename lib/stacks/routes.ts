/** Which of a stack's containers serve, as its gateway says. */
import { allSlots, type Slot } from "../gateway/slots.ts";
import type { RollingName } from "../serviceNames.ts";
import { UserError } from "../userError.ts";
import type { DockerObject } from "./dockerObjects.ts";

/** Longest time for a gateway that does not answer, in milliseconds: people wait for it. */
const LIMIT_MS = 3000;

/** The gateway's slots, or why it does not name them. Undefined if there is no gateway. */
export type Routes = Record<RollingName, Slot[]> | { silent: string } | undefined;

/** Never rejects for a gateway that does not answer. @param containers The stack's. */
export async function askRoutes(containers: DockerObject[]): Promise<Routes> {
  const gateway = containers.find(({ service }) => service === "gateway");
  if (gateway === undefined) return undefined;
  try {
    return await allSlots(gateway.id, LIMIT_MS);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { silent: error.message };
  }
}

/** The slot of a container; undefined if it has none, or if the gateway does not say. */
export const slotOf = ({ id, service }: DockerObject, routes: Routes): Slot | undefined =>
  routes === undefined || "silent" in routes
    ? undefined
    : routes[service as RollingName]?.find(({ container, state }) => container === id && state !== "maint");

/** Whether new requests go to it. */
export const serves = (container: DockerObject, routes: Routes): boolean =>
  slotOf(container, routes)?.state === "ready";
