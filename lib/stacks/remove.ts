/** Takes stacks down, removes them without leftovers, and lists them. */
import { existsSync, rmSync } from "node:fs";
import type { Given } from "../cli/command.ts";
import { confirm } from "../confirm.ts";
import { dockerLines } from "../docker/client.ts";
import { stackTag } from "../images/plan.ts";
import { type Env, run, runHere } from "../process.ts";
import { table } from "../table.ts";
import { UserError } from "../userError.ts";
import { type DockerObject, dockerObjects, removeObject } from "./dockerObjects.ts";
import { dockerHostOf, externalOf, fileOf, publishedOf, readStackFile, stacksWithFiles } from "./file.ts";
import { fullName, pulumi } from "./pulumi.ts";
import { recover } from "./recover.ts";
import { refuseOtherHost } from "./refuseOtherHost.ts";
import { environment, listed, npmRun, stateOf } from "./stack.ts";
import { type Deployment, dockerHostInState, mayBeOnSwarm } from "./state.ts";
import { leftBehind, refuseLeftBehind, removeFromSwarm, removeLeftBehind } from "./withoutState.ts";

/**
 * Removes what a stack made, except its images, and its data unless `--volumes` says so. With `--without-state`, docker's
 * labels say what to remove.
 *
 * @returns The exit code.
 */
export async function takeDown({
  stack,
  file,
  configFile,
  options,
  pulumi: args,
}: Given<"down">): Promise<number> {
  const { volumes = false, yes = false, "without-state": withoutState = false } = options;
  const env = await environment(stack, file);
  const state = withoutState ? undefined : await stateOf(stack, env);
  if (state !== undefined) await refuseOtherHost(stack, state, env);
  else if (!withoutState) await refuseLeftBehind(stack, env);
  const data = volumes ? dataIn(await dockerObjects("volume", stack, env)) : [];
  const external = externalOf(readStackFile(file));
  if (data.length > 0) {
    sayGoing(stack, data, external);
    await confirm("down", "the data would go", stack, yes);
  } else if (external !== undefined) process.stdout.write(`${leftAlone(external)}\n`);
  if (state !== undefined) {
    await recover(stack, env, configFile);
    const code = await destroy(stack, [...configFile, ...args], env);
    if (code !== 0) return code;
    // An update that was killed may have left secrets.
    if (mayBeOnSwarm(state)) await removeFromSwarm(stack, env);
  } else if (!withoutState) process.stdout.write(`There is no stack ${stack} to take down.\n`);
  else if ((await removeLeftBehind(stack, env)) === 0)
    process.stdout.write(`Nothing of stack ${stack} is on this docker host.\n`);
  await sayGone(stack, env);
  await dropVolumes("down", stack, volumes, env);
  return 0;
}

/**
 * Removes a stack and all that is its own: what runs, its data, its file unless git keeps it. Images stay. Its docker
 * host is the one in its file, else in its state, else the environment's.
 *
 * @param sure Whether nobody is asked.
 * @param ifExists Whether it is fine that there is no such stack. Default: that is an error.
 * @returns The exit code, and whether there was anything to remove.
 */
export async function removeStack(
  stack: string,
  { sure, ifExists = false }: { sure: boolean; ifExists?: boolean },
): Promise<{ code: number; found: boolean }> {
  const base = await environment(stack);
  const state = await stateOf(stack, base);
  const config = readStackFile(fileOf(stack));
  const env = withHost(base, dockerHostOf(config), state ?? {});
  if (state !== undefined) await refuseOtherHost(stack, state, env);
  else await refuseLeftBehind(stack, env);
  const volumes = await dockerObjects("volume", stack, env);
  if (state === undefined && volumes.length === 0) {
    if (!ifExists) throw new UserError(`stack: there is no ${stack}. \`npm run stack -- list\` lists them.`);
    process.stdout.write(`There is no stack ${stack}.\n`);
    return { code: 0, found: false };
  }
  sayGoing(stack, dataIn(volumes), externalOf(config));
  await confirm("stack", `${stack} would be removed`, stack, sure);
  if (state !== undefined) {
    await recover(stack, env);
    const code = await destroy(stack, ["--suppress-outputs"], env);
    if (code !== 0) return { code, found: true };
  }
  // What an update that was killed left, whatever Pulumi knows of it.
  await removeLeftBehind(stack, env, mayBeOnSwarm(state ?? {}));
  await dropVolumes("stack", stack, true, env);
  await dropNames(stack, env);
  if (state !== undefined) await forget(stack, env);
  for (const folder of ["gcroots", "secrets"])
    rmSync(`.state/${folder}/${stack}`, { recursive: true, force: true });
  process.stdout.write(`Stack ${stack} is gone.\n`);
  return { code: 0, found: true };
}

/**
 * The environment for commands on the stack's docker host: not every clone has its file, but its state says where it is.
 *
 * @param inFile The docker host that the file names; it is in `env` already.
 */
export function withHost(env: Env, inFile: string | undefined, deployment: Deployment): Env {
  const host = dockerHostInState(deployment);
  // A context may hold the certificates for its host.
  const context = !env["DOCKER_HOST"] && env["DOCKER_CONTEXT"];
  return inFile || context || host === undefined ? env : { ...env, DOCKER_HOST: host };
}

const namesOf = (objects: DockerObject[]): string[] => objects.map(({ name }) => name);

/** Names of the volumes with the data: the others hold files that the configuration has too. */
const dataIn = (volumes: DockerObject[]): string[] =>
  namesOf(volumes.filter(({ service }) => service === "db"));

function sayGoing(stack: string, data: string[], external: string | undefined): void {
  const what = data.length === 0 ? "no data" : `the data in volume ${data.join(", ")}`;
  const stays = external === undefined ? "" : ` ${leftAlone(external)}`;
  process.stdout.write(`Stack ${stack} goes, with ${what}.${stays}\n`);
}

const leftAlone = (external: string): string => `Its database at ${external} is not touched.`;

const destroy = (stack: string, args: string[], env: Env): Promise<number> =>
  pulumi(stack, ["destroy", "--yes", "--skip-preview", ...args], env);

/** @throws UserError if something of the stack is left: Pulumi knows no more than its state. */
async function sayGone(stack: string, env: Env): Promise<void> {
  const left = namesOf((await leftBehind(stack, env)).flat());
  if (left.length > 0)
    throw new UserError(
      `down: ${left.join(", ")} of stack ${stack} are still there. ${npmRun("down", stack, "--without-state")} removes them, and keeps the data.`,
    );
  process.stdout.write(`No container and no network of stack ${stack} is left.\n`);
}

/**
 * Removes as many of the stack's volumes as docker lets go, then looks what is left. A service's files go with the stack; an
 * update that was killed may have left some behind.
 *
 * @param command Named in the message.
 * @param dropData Whether the volumes with data go, too.
 * @throws UserError with docker's message if one is still there.
 */
async function dropVolumes(command: string, stack: string, dropData: boolean, env: Env): Promise<void> {
  const before = await dockerObjects("volume", stack, env);
  const data = dataIn(before);
  const going = namesOf(before).filter((name) => dropData || !data.includes(name));
  const failures: string[] = [];
  for (const name of going)
    await removeObject("volume", name, env).catch((error: Error) => failures.push(error.message));
  const left = namesOf(await dockerObjects("volume", stack, env));
  for (const name of going.filter((name) => !left.includes(name)))
    process.stdout.write(
      data.includes(name) ? `Volume ${name} and the data in it are gone.\n` : `Removed volume ${name}.\n`,
    );
  const kept = data.filter((name) => !going.includes(name) && left.includes(name));
  if (kept.length > 0)
    process.stdout.write(
      `The data is kept in volume ${kept.join(", ")}; ${npmRun("down", stack, "--volumes")} drops it.\n`,
    );
  const stuck = going.filter((name) => left.includes(name));
  if (stuck.length > 0)
    throw new UserError(`${command}: volume ${stuck.join(", ")} is still there. ${failures.join("\n")}`);
}

/** Removes the names by which the stack kept images: those that no other stack keeps go with some later update. */
async function dropNames(stack: string, env: Env): Promise<void> {
  const args = ["image", "ls", "--filter", "reference=agatha-*", "--format", "{{.Repository}}:{{.Tag}}"];
  const names = (await dockerLines(args, env)).filter((ref) => isNameOf(stack, ref));
  if (names.length > 0) await run("docker", ["image", "rm", ...names], { env });
}

/** Whether a stack gave an image this name for itself, beside the one that tells its content. */
export function isNameOf(stack: string, ref: string): boolean {
  const [, , name] = /^agatha-\w+-image:(kept|migrations)-(.+)-[0-9a-z]{32}$/.exec(ref) ?? [];
  return name === stackTag(stack);
}

/** Lets Pulumi forget the stack; its file goes too, unless git keeps it for all. */
async function forget(stack: string, env: Env): Promise<void> {
  const git = await run("git", ["ls-files", "--error-unmatch", fileOf(stack)], { optional: true });
  const keeps = git.code === 0 ? ["--preserve-config"] : [];
  const code = await runHere("pulumi", ["stack", "rm", fullName(stack, env), "--yes", ...keeps], { env });
  if (code !== 0) throw new UserError(`pulumi stack rm ${stack}: ended with ${code}.`);
}

/** Lists every stack of the backend, and every one that has a file: where it is, and when it was last updated. */
export async function listStacks(): Promise<number> {
  const made = await listed(await environment());
  const names = [...new Set([...made.map(({ name }) => name), ...stacksWithFiles()])].sort();
  const rows = names.map((name) => {
    const stack = made.find((entry) => entry.name === name);
    const config = readStackFile(fileOf(name));
    const state =
      stack === undefined ? "not made" : stack.resourceCount ? `${stack.resourceCount} resources` : "empty";
    const ports = existsSync(fileOf(name)) ? publishedOf(config).join(", ") : "";
    return [name, state, stack?.lastUpdate ?? "", dockerHostOf(config) ?? "the environment's", ports];
  });
  process.stdout.write(table(["stack", "state", "last update", "docker host", "ports"], rows));
  return 0;
}
