/** Waits until the tasks of a service in a swarm run its newest version, and hands on how long that took. */
import { forgetFormer, restorePassword } from "../lib/database/password.ts";
import { Unhealthy } from "../lib/docker/health.ts";
import { renewTasks, untilTasksRun } from "../lib/docker/swarm/gate.ts";
import { handOn } from "../lib/stepFacts.ts";
import { UserError } from "../lib/userError.ts";
import { roleOf } from "./gate.ts";
import { input, step } from "./step.ts";

/** The fix for a task that no node takes, of which there is no log. */
const NO_NODE =
  "A node has to be up (`docker node ls`) and to have the labels in `placement` (`docker node update --label-add LABEL=VALUE NODE`). Then run up again.";

await step(async () => {
  const role = roleOf();
  const [service, name, replicas] = [input("SERVICE"), input("SWARM_SERVICE"), Number(input("REPLICAS"))];
  const start = performance.now();
  let outcome = "";
  // The tasks of before connect by the former password.
  const undone = async () => {
    if (role !== undefined) await restorePassword(role);
    outcome = "The old one keeps serving. ";
  };
  const gate = { name, replicas, limitMs: Number(input("LIMIT_MS")), version: input("VERSION") };
  if (role !== undefined) await renewTasks(name, role.container);
  await untilTasksRun(gate, undone).catch((error: unknown) => {
    if (!(error instanceof Unhealthy)) throw error;
    const fix = error.message.startsWith("no suitable node")
      ? NO_NODE
      : `Fix what the log shows, then run up again. The last lines of the new one:\n${error.log}`;
    throw new UserError(`${service} does not run: ${error.message}. ${outcome}${fix}`);
  });
  if (role !== undefined) await forgetFormer(role);
  const startSeconds = Math.round(performance.now() - start) / 1000;
  process.stdout.write(
    `${service} is healthy after ${startSeconds.toFixed(1)} s, ${replicas} of ${replicas} tasks\n`,
  );
  handOn({ startSeconds });
});
