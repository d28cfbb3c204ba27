/** Waits until the gateway's container is healthy, and shows it the way to the services that run. */
import { isFormer, serviceContainers } from "../lib/docker/serviceContainers.ts";
import { route } from "../lib/gateway/routes.ts";
import { ROLLING } from "../lib/serviceNames.ts";
import { awaitHealthy, gateOf } from "./gate.ts";
import { input, step } from "./step.ts";

await step(() => {
  const gate = gateOf();
  return awaitHealthy(gate, async () => {
    for (const service of ROLLING) {
      const all = await serviceContainers(input("STACK"), service);
      // After a failed update, the one that serves is the former one.
      const serving = all.find(({ name }) => !isFormer(name)) ?? all[0];
      if (serving !== undefined) await route(gate.container, service, serving.id);
    }
  });
});
