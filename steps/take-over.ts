/** Waits until a service's new container is healthy, lets it take over behind the gateway, and ends the old one. */
import { forgetFormer, restorePassword } from "../lib/database/password.ts";
import { takeOver } from "../lib/gateway/takeOver.ts";
import type { RollingName } from "../lib/serviceNames.ts";
import { gateOf, handOnHealth, roleOf } from "./gate.ts";
import { input, step } from "./step.ts";

await step(async () => {
  const gate = gateOf();
  const role = roleOf();
  await takeOver(
    {
      gate,
      stack: input("STACK"),
      service: input("BACKEND") as RollingName,
      drainMs: Number(input("DRAIN_MS")),
      // The old back connects by the former password.
      prepared: role && { keep: () => forgetFormer(role), undo: () => restorePassword(role) },
    },
    (seen) => handOnHealth(gate, seen),
  );
});
