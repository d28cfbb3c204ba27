/** `agatha:target` for `npm run up`: on its command line, and the swarm that it needs. */
import type { Given } from "../cli/command.ts";
import { confirm } from "../confirm.ts";
import { docker } from "../docker/client.ts";
import { resolveDockerHost } from "../docker/host.ts";
import { askSwarm, INIT, unfit } from "../docker/swarm/fitness.ts";
import type { Env } from "../process.ts";
import { line } from "../progress.ts";
import { UserError } from "../userError.ts";
import { readStackFile, valuesOf } from "./file.ts";
import { fullName, pulumiOutput } from "./pulumi.ts";
import { exportedState } from "./stack.ts";
import { heldHostOf, mayBeOnSwarm } from "./state.ts";

/**
 * Offers to make a swarm for a stack that is to run on one, and sets the key if `--target` names its value.
 *
 * @returns The arguments for pulumi.
 * @throws UserError if the stack runs on another target; the key is as it was then.
 */
export async function chooseTarget(
  { stack, file, configFile, options, pulumi }: Given<"up">,
  env: Env,
): Promise<string[]> {
  // What `--target` names otherwise is a resource.
  const named = options.target?.find((name) => ["docker", "swarm"].includes(name));
  const held = named === undefined ? undefined : heldHostOf(await exportedState(stack, env));
  const target = held?.target ?? "docker";
  // The program refuses it too, but by then the key would be set.
  if (held !== undefined && target !== named)
    throw new UserError(
      `--target: "${named}" is not what stack "${stack}" runs on, which is "${target}". Take the stack down by \`npm run down\`, which keeps the data, then run this again.`,
    );
  if ((named ?? valuesOf(readStackFile(file))["target"]) === "swarm")
    await offerSwarm(stack, named !== undefined, options.yes ?? false, env);
  if (named === undefined) return pulumi;
  const set = ["config", "set", "agatha:target", named, "--stack", fullName(stack, env), ...configFile];
  await pulumiOutput(set, env);
  return pulumi.filter((arg) => arg !== `--target=${named}`);
}

/**
 * Makes a swarm of the docker host alone if that is in none, and somebody agrees. With nobody to ask it does nothing: the
 * program refuses such a host, with the command.
 *
 * @param named Whether `--target` says so: then a host that is not fit is refused here, before the key is set.
 */
async function offerSwarm(stack: string, named: boolean, sure: boolean, env: Env): Promise<void> {
  const host = await resolveDockerHost(undefined);
  const info = await askSwarm(host);
  if (info?.LocalNodeState !== "inactive" || !(sure || process.stdin.isTTY)) {
    const reason = named && info && unfit(info, host.address, true);
    if (reason) throw new UserError(reason);
    return;
  }
  // A stack on one host is refused another target.
  if (!mayBeOnSwarm(await exportedState(stack, env))) return;
  const command = `\`docker ${INIT.join(" ")}\``;
  const what = `the docker host at "${host.address}" is in no swarm, and would be the only node of one`;
  await confirm("up", `${what}: ${command} (for further nodes see docs/scale.md)`, stack, sure);
  await docker(INIT);
  line("swarm", `made: ${command}`);
}
