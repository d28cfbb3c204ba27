/** Waits until the tasks of a service in a swarm run its newest version, and hands on how long that took. */
import { forgetFormer, restorePassword } from "../lib/database/password.ts";
import { Unhealthy } from "../lib/docker/health.ts";
import { untilTasksRun } from "../lib/docker/swarm/gate.ts";
import { handOn } from "../lib/stepFacts.ts";
import { UserError } from "../lib/userError.ts";
import { input, step } from "./step.ts";

await step(async () => {
  const [container, user] = [process.env["DATABASE_CONTAINER"], process.env["DATABASE_USER"]];
  const role = container === undefined || user === undefined ? undefined : { container, user };
  const [service, name, replicas] = [input("SERVICE"), input("SWARM_SERVICE"), Number(input("REPLICAS"))];
  const start = performance.now();
  let outcome = "Fix what its log shows, then run up again. Its last lines:";
  // The tasks of before connect by the former password.
  const undone = async () => {
    if (role !== undefined) await restorePassword(role);
    outcome =
      "The old one keeps serving. Fix what the log shows, then run up again. The last lines of the new one:";
  };
  const gate = { name, replicas, limitMs: Number(input("LIMIT_MS")), version: input("VERSION") };
  await untilTasksRun(gate, undone).catch((error: unknown) => {
    if (!(error instanceof Unhealthy)) throw error;
    throw new UserError(`${service} does not run: ${error.message}. ${outcome}\n${error.log}`);
  });
  if (role !== undefined) await forgetFormer(role);
  const startSeconds = Math.round(performance.now() - start) / 1000;
  process.stdout.write(
    `${service} is healthy after ${startSeconds.toFixed(1)} s, ${replicas} of ${replicas} tasks\n`,
  );
  handOn({ startSeconds });
});
