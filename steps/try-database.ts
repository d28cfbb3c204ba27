/**
 * Runs a canary of the database ("trial" in names) before the container that runs is replaced: same image, command, user and
 * limits; in the stack's network, but without ports and without the service's DNS name; its data on new, empty volumes. It has
 * to become healthy.
 */
import {
  type Canary,
  type Limits,
  type Running,
  runCanary,
  serves,
  type Trial,
} from "../lib/database/canary.ts";
import { refuseMissing, refuseUnfitImage } from "../lib/database/image.ts";
import { inspect } from "../lib/docker/client.ts";
import { secondsSince } from "../lib/units.ts";
import { input, step } from "./step.ts";

await step(async () => {
  const limits = process.env["AGATHA_LIMITS"];
  const canary: Canary = {
    ...(JSON.parse(input("TRIAL")) as Trial),
    stack: input("STACK"),
    service: input("SERVICE"),
    container: input("CONTAINER"),
    network: input("NETWORK"),
    label: input("LABEL"),
    // A change of limits alone needs no canary: they are given together with another image.
    limits: limits === undefined ? undefined : (JSON.parse(limits) as Limits),
  };
  const { service, container, database, image } = canary;
  // Also if nothing runs yet: a database that is refused here would restart for ever.
  await refuseUnfitImage({ ...canary, ...database, owner: canary.user });
  const running = await inspect<Running>("container", container, ".");
  if (running === undefined || !(await serves(container, running, canary.probe))) {
    const is = running === undefined ? "does not run yet" : "does not serve";
    return `${service} ${is}: there is nothing for a canary to protect`;
  }
  const start = performance.now();
  await runCanary(canary, running, (id) =>
    refuseMissing({ ...database, container }, { ...database, container: id }),
  );
  return `${service}: the canary of ${image} got healthy, ${secondsSince(start)} in all`;
});
