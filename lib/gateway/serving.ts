/** Which of a service's containers has the requests. */
import { type ServiceContainer, serviceContainers } from "../docker/serviceContainers.ts";
import type { RollingName } from "../serviceNames.ts";
import { slots } from "./slots.ts";

/**
 * The id of the container that the gateway sends new requests to.
 *
 * @param containers The service's, newest first. Without a gateway that says otherwise, the oldest one serves: the newer ones
 * are from updates that failed or were killed, and in a stack of before there was a gateway it has the port.
 */
export async function serving(
  stack: string,
  service: RollingName,
  containers: ServiceContainer[],
): Promise<string | undefined> {
  const oldest = containers.at(-1);
  const gateway = containers.length < 2 ? undefined : (await serviceContainers(stack, "gateway"))[0];
  if (gateway?.state !== "running") return oldest?.id;
  const ready = (await slots(gateway.id, service)).find(({ state }) => state === "ready")?.container;
  return (containers.find(({ id }) => ready !== undefined && id.startsWith(ready)) ?? oldest)?.id;
}
