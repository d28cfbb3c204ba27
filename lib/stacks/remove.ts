/** Removes stacks without leftovers, and lists them. */

import { existsSync, rmSync } from "node:fs";
import { confirm } from "../confirm.ts";
import { stackTag } from "../images/plan.ts";
import { run, runHere } from "../process.ts";
import { table } from "../table.ts";
import { UserError } from "../userError.ts";
import { dockerHostOf, fileOf, publishedOf, readStackFile, stacksWithFiles } from "./file.ts";
import { exportedState, refuseOtherEngine } from "./ownEngine.ts";
import { dataIn, partsOf } from "./parts.ts";
import { recover } from "./recover.ts";
import { bareName, environment, fullName, listed, pulumi, stackExists } from "./stack.ts";
import { type Deployment, dockerHostOf as dockerHostInState } from "./state.ts";
import { refuseLeftBehind } from "./withoutState.ts";

/**
 * Removes a stack and all that is its own: what runs, its data, its file unless git keeps it. Images stay. Its docker
 * host is the one in its file, else in its state, else the environment's.
 *
 * @param sure Whether nobody is asked.
 * @param ifExists Whether a stack that is nowhere is fine. Default: that is an error.
 * @returns The exit code, and whether there was anything to remove.
 */
export async function removeStack(
  stack: string,
  { sure, ifExists = false }: { sure: boolean; ifExists?: boolean },
): Promise<{ code: number; found: boolean }> {
  const base = await environment(stack);
  const there = await stackExists(stack, base);
  const deployment = there ? await exportedState(stack, base) : {};
  const env = withHost(base, dockerHostOf(readStackFile(fileOf(stack))), deployment);
  if (there) await refuseOtherEngine(stack, deployment, env);
  else await refuseLeftBehind(stack, env);
  const volumes = await partsOf("volume", stack, env);
  const data = dataIn(volumes);
  if (!there && volumes.length === 0) {
    if (!ifExists) throw new UserError(`stack: there is no ${stack}. \`npm run stack -- list\` lists them.`);
    process.stdout.write(`There is no stack ${stack}.\n`);
    return { code: 0, found: false };
  }
  process.stdout.write(
    `Stack ${stack} goes, with ${data.length === 0 ? "no data" : `the data in volume ${data.join(", ")}`}.\n`,
  );
  await confirm("stack", "it would be removed", stack, sure);
  if (there) {
    await recover(stack, env);
    const code = await pulumi(stack, ["destroy", "--yes", "--skip-preview", "--suppress-outputs"], env);
    if (code !== 0) return { code, found: true };
  }
  await dropOwn(stack, data, env);
  await dropNames(stack, env);
  if (there) await forget(stack, env);
  for (const folder of ["gcroots", "secrets"])
    rmSync(`.state/${folder}/${stack}`, { recursive: true, force: true });
  process.stdout.write(`Stack ${stack} is gone.\n`);
  return { code: 0, found: true };
}

/**
 * The stack's file is not everywhere, its state is; Pulumi's destroy goes to the host in the state, too.
 *
 * @param inFile The docker host that the file names; it is in `env` already.
 */
export function withHost(
  env: NodeJS.ProcessEnv,
  inFile: string | undefined,
  deployment: Deployment,
): NodeJS.ProcessEnv {
  const host = dockerHostInState(deployment);
  // A context may hold the certificates for its host.
  const context = !env["DOCKER_HOST"] && env["DOCKER_CONTEXT"];
  return inFile || context || host === undefined ? env : { ...env, DOCKER_HOST: host };
}

/** What a destroy keeps, and what an update that was killed left: by label, whatever Pulumi knows of it. */
async function dropOwn(stack: string, data: string[], env: NodeJS.ProcessEnv): Promise<void> {
  for (const kind of ["container", "network", "volume"] as const)
    for (const { name } of await partsOf(kind, stack, env)) {
      const force = kind === "container" ? ["--force", "--volumes"] : [];
      const { code, output } = await run("docker", [kind, "rm", ...force, name], { env });
      if (code !== 0) throw new UserError(`docker ${kind} rm ${name}: ${output.trim()}`);
      process.stdout.write(
        data.includes(name) ? `Volume ${name} and the data in it are gone.\n` : `Removed ${kind} ${name}.\n`,
      );
    }
}

/** The names by which it kept images: an image that no other stack keeps goes with some later update. */
async function dropNames(stack: string, env: NodeJS.ProcessEnv): Promise<void> {
  const args = ["image", "ls", "--filter", "reference=agatha-*", "--format", "{{.Repository}}:{{.Tag}}"];
  const { code, output } = await run("docker", args, { env });
  if (code !== 0) throw new UserError(`docker image ls: ${output.trim()}`);
  const names = output.split("\n").filter((ref) => isNameOf(stack, ref));
  if (names.length > 0) await run("docker", ["image", "rm", ...names], { env });
}

/** Whether an image's name is one that a stack gave it for itself, beside the one that tells its content. */
export function isNameOf(stack: string, ref: string): boolean {
  const [, , name] = /^agatha-\w+-image:(kept|migrations)-(.+)-[0-9a-z]{32}$/.exec(ref) ?? [];
  return name === stackTag(stack);
}

/** Lets Pulumi forget the stack; its file goes too, unless git keeps it for all. */
async function forget(stack: string, env: NodeJS.ProcessEnv): Promise<void> {
  const kept =
    (await run("git", ["ls-files", "--error-unmatch", fileOf(stack)], { optional: true })).code === 0;
  const args = ["stack", "rm", fullName(stack, env), "--yes", ...(kept ? ["--preserve-config"] : [])];
  const code = await runHere("pulumi", args, { env });
  if (code !== 0) throw new UserError(`pulumi stack rm ${stack}: ended with ${code}.`);
}

/** Every stack of the backend, and every one that has a file: where it is, and when it was last updated. */
export async function listStacks(): Promise<number> {
  const env = await environment();
  const made = (await listed(env)).map((stack) => ({ ...stack, name: bareName(stack.name) }));
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
