/** Lets a stack go on after an update that was killed; locks and what is unfinished only with the state in files. */

import { readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../process.ts";
import { line } from "../report.ts";
import { UserError } from "../userError.ts";
import { exportedState, isOwnEngine, refuseOtherEngine, refuseRenamed } from "./ownEngine.ts";
import { fullName, listed } from "./stack.ts";
import { type Deployment, dockerHostOf, isFreeInCloud, sortLocks, unfinished } from "./state.ts";
import { removeTemporary, temporaryOf } from "./temporary.ts";

/** Ends a line that says what was done. */
const SAID = "an update was killed: ";

/**
 * Takes away the lock of an update that was killed on this host, its containers for a while, and what it was making and
 * could not note down: a container or network whose name the next update would find taken. Data is in volumes, which
 * are left alone. While another update holds the stack, which runs or ran elsewhere, nothing but stale locks goes.
 *
 * Elsewhere than in files the backend sees to the lock, and only Pulumi Cloud tells whether it is held: with other
 * backends containers for a while stay.
 *
 * @param refreshArgs Further arguments of `pulumi refresh`. Default: none.
 */
export async function recover(
  stack: string,
  env: NodeJS.ProcessEnv,
  refreshArgs: string[] = [],
): Promise<void> {
  // Before the locks: what is there now belongs to no update that begins after they were looked at.
  const temporary = await temporaryOf(stack, env);
  const folder = stateFolder(env);
  if (folder === undefined) {
    if (temporary.length === 0 || !isFreeInCloud(await listed(env), stack)) return;
    if (await isOwnEngine(await exportedState(stack, env), env)) await removeTemporary(temporary, env);
    return;
  }
  const locks = () => sortLocks(locksOf(folder, stack), hostname(), programOf);
  const { stale, held } = locks();
  for (const lock of stale) {
    rmSync(lock, { force: true });
    rmSync(`${lock}.attrs`, { force: true });
    line("state", `${SAID}its lock is taken away`);
  }
  // What is unfinished may be what its holder makes this moment.
  if (held.length > 0) return;
  const deployment = stateOf(folder, stack);
  refuseRenamed(stack, deployment);
  // Another one may have begun since, and be in the state already.
  if (locks().held.length > 0) return;
  if (temporary.length > 0 && (await isOwnEngine(deployment, env))) await removeTemporary(temporary, env);
  if (deployment.pending_operations?.some(({ type }) => type === "creating"))
    await forgetUnfinished(stack, deployment, env, refreshArgs);
}

/** The folder of a file backend; undefined with another one. */
function stateFolder(env: NodeJS.ProcessEnv): string | undefined {
  const url = env["PULUMI_BACKEND_URL"] ?? "";
  return url.startsWith("file:///") ? join(fileURLToPath(url.replace(/\?.*/, "")), ".pulumi") : undefined;
}

function locksOf(folder: string, stack: string): { path: string; content: string }[] {
  const locks = join(folder, "locks/organization/agatha", stack);
  return list(locks)
    .filter((name) => name.endsWith(".json"))
    .map((name) => join(locks, name))
    .flatMap((path) => {
      const content = read(path);
      return content === undefined ? [] : [{ path, content }];
    });
}

function stateOf(folder: string, stack: string): Deployment {
  const state = read(join(folder, "stacks/agatha", `${stack}.json`));
  return (JSON.parse(state ?? "{}") as { checkpoint?: { latest?: Deployment } }).checkpoint?.latest ?? {};
}

/** Removes what was being made, then has Pulumi look at all that there is and forget the rest. */
async function forgetUnfinished(
  stack: string,
  deployment: Deployment,
  env: NodeJS.ProcessEnv,
  refreshArgs: string[],
): Promise<void> {
  const host = dockerHostOf(deployment);
  const dockerEnv = host === undefined ? env : { ...env, DOCKER_HOST: host };
  // On another host Pulumi would find nothing, and forget all.
  await refuseOtherEngine(stack, deployment, dockerEnv);
  for (const { kind, name } of unfinished(deployment)) {
    const format = `{{index .${kind === "container" ? "Config." : ""}Labels "agatha.stack"}}`;
    const { code, output } = await run("docker", [kind, "inspect", "--format", format, name], {
      env: dockerEnv,
    });
    if (code !== 0 || output.trim() !== stack) continue;
    const force = kind === "container" ? ["--force", "--volumes"] : [];
    const removed = await run("docker", [kind, "rm", ...force, name], { env: dockerEnv });
    if (removed.code !== 0) throw new UserError(`docker ${kind} rm ${name}: ${removed.output.trim()}`);
    line("state", `${SAID}the ${kind} ${name}, which it was making, is taken away`);
  }
  const args = [
    "refresh",
    "--yes",
    "--skip-preview",
    "--clear-pending-creates",
    "--stack",
    fullName(stack, env),
    ...refreshArgs,
  ];
  const { code, output } = await run("pulumi", args, { env });
  if (code !== 0) throw new UserError(`pulumi refresh: ended with ${code}:\n${output.trim()}`);
}

/** The name of the program that a process runs; undefined where there is no such process. */
function programOf(pid: number): string | undefined {
  const name = read(`/proc/${pid}/comm`);
  if (name !== undefined) return name.trim();
  // Where there is no /proc, a process that is there is taken for Pulumi's.
  try {
    process.kill(pid, 0);
    return "pulumi";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "pulumi" : undefined;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
