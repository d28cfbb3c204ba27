/** Waits until a service's container is healthy, and hands on how long that took and how long the service was away. */
import { awaitHealthy, gateOf } from "./gate.ts";
import { step } from "./step.ts";

await step(() => awaitHealthy(gateOf()));
