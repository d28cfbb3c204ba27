/** Stacks come and go: made with fresh secrets and free ports, removed without leftovers. */
import { randomBytes } from "node:crypto";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { DOCKER_HOST } from "../../components/configFields.ts";
import { stackTag } from "../../components/imagePlan.ts";
import { isFree, parseHolders } from "../../components/ports.ts";
import { DEMANDING_STACKS } from "../../config.ts";
import { exportedState, refuseOtherEngine } from "./engine.ts";
import { run, runHere, Stop } from "./exec.ts";
import { recover } from "./recover.ts";
import { bareName, environment, fullName, initStack, listed, pulumi, stackExists } from "./stack.ts";
import {
  choosePorts,
  dockerHostOf,
  fileOf,
  newStackFile,
  publishedOf,
  readStackFile,
  stacksWithFiles,
} from "./stackFile.ts";
import { table } from "./table.ts";
import { refuseLeftBehind } from "./withoutState.ts";

/** The password of a stack's database, where its file holds it. */
const PASSWORD_KEY = "agatha:databasePassword";

/**
 * Makes a stack: its file with free ports, where it has none yet, the stack itself, and a fresh password in its file,
 * encrypted.
 */
export async function makeStack(stack: string, dockerHost: string | undefined): Promise<number> {
  if (dockerHost !== undefined && !DOCKER_HOST.test(dockerHost))
    throw new Stop(`stack: "${dockerHost}" is not a docker host. Write it like ssh://user@host.`);
  const before = await environment(stack);
  if (await stackExists(stack, before))
    throw new Stop(`stack: ${stack} is there already. \`npm run up -- --stack ${stack}\` brings it up.`);
  const file = fileOf(stack);
  const fresh = !existsSync(file);
  if (!fresh && dockerHost !== undefined)
    throw new Stop(
      `stack: ${file} is there already. Set agatha:dockerHost in it, then run this without a host.`,
    );
  await refuseLeftBehind(stack, dockerHost === undefined ? before : { ...before, DOCKER_HOST: dockerHost });
  if (fresh) await writeFile(stack, dockerHost, before);
  const env = await environment(stack);
  await initStack(stack, env, ["--no-select"]);
  if (readStackFile(file)[PASSWORD_KEY] === undefined) await setPassword(stack, env);
  process.stdout.write(
    `Stack ${stack} is made${fresh ? `; its file is ${file}` : ` with ${file}`}. \`npm run up -- --stack ${stack}\` brings it up.\n`,
  );
  return 0;
}

async function writeFile(
  stack: string,
  dockerHost: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const configured = new Set(stacksWithFiles().flatMap((other) => publishedOf(readStackFile(fileOf(other)))));
  const where = dockerHost === undefined ? env : { ...env, DOCKER_HOST: dockerHost };
  const { output } = await run("docker", ["ps", "--format", "\t\t{{.Ports}}"], { env: where });
  const held = new Set(parseHolders(output).flatMap(({ ports }) => ports.map(({ port }) => port)));
  const ports = await choosePorts(
    async (port) =>
      configured.has(port) ||
      held.has(port) ||
      (dockerHost === undefined && !(await isFree("127.0.0.1", port))),
  );
  const packages = DEMANDING_STACKS.includes(stack) ? env["AGATHA_PACKAGES"] : undefined;
  writeFileSync(fileOf(stack), newStackFile(stack, ports, dockerHost, packages));
}

/** By standard input: a secret is in no process' arguments. */
async function setPassword(stack: string, env: NodeJS.ProcessEnv): Promise<void> {
  const args = [
    "config",
    "set",
    "--secret",
    PASSWORD_KEY,
    "--stack",
    fullName(stack, env),
    "--non-interactive",
  ];
  const { code, output } = await run("pulumi", args, { env, input: randomBytes(24).toString("base64url") });
  if (code !== 0) throw new Stop(`pulumi config set ${PASSWORD_KEY}: ended with ${code}:\n${output.trim()}`);
}

/** Removes a stack and all that is its own: what runs, its data, its file unless git keeps it. Images stay. */
export async function removeStack(stack: string, sure: boolean): Promise<number> {
  const env = await environment(stack);
  const there = await stackExists(stack, env);
  if (there) await refuseOtherEngine(stack, await exportedState(stack, env), env);
  else await refuseLeftBehind(stack, env);
  const volumes = await own("volume", stack, env);
  // The others hold files that the configuration has too.
  const data = await own("volume", stack, env, ["--filter", "label=agatha.service=db"]);
  if (!there && volumes.length === 0)
    throw new Stop(`stack: there is no ${stack}. \`npm run stack -- list\` lists them.`);
  process.stdout.write(
    `Stack ${stack} goes, with ${data.length === 0 ? "no data" : `the data in volume ${data.join(", ")}`}.\n`,
  );
  if (!sure && !(await confirmed(stack)))
    throw new Stop("stack: nothing was removed. Confirm by the stack's name, or by --yes.");
  if (there) {
    await recover(stack, env);
    const code = await pulumi(stack, ["destroy", "--yes", "--skip-preview", "--suppress-outputs"], env);
    if (code !== 0) return code;
  }
  await dropOwn(stack, data, env);
  await dropNames(stack, env);
  if (there) await forget(stack, env);
  for (const folder of ["gcroots", "secrets"])
    rmSync(`.state/${folder}/${stack}`, { recursive: true, force: true });
  process.stdout.write(`Stack ${stack} is gone.\n`);
  return 0;
}

async function confirmed(stack: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`Type ${stack} to remove it: `);
  terminal.close();
  return answer.trim() === stack;
}

/** What a destroy keeps, and what an update that was killed left: by label, whatever Pulumi knows of it. */
async function dropOwn(stack: string, data: string[], env: NodeJS.ProcessEnv): Promise<void> {
  for (const kind of ["container", "network", "volume"] as const)
    for (const name of await own(kind, stack, env)) {
      const force = kind === "container" ? ["--force", "--volumes"] : [];
      const { code, output } = await run("docker", [kind, "rm", ...force, name], { env });
      if (code !== 0) throw new Stop(`docker ${kind} rm ${name}: ${output.trim()}`);
      process.stdout.write(
        data.includes(name) ? `Volume ${name} and the data in it are gone.\n` : `Removed ${kind} ${name}.\n`,
      );
    }
}

/** The names by which it kept images: an image that no other stack keeps goes with some later update. */
async function dropNames(stack: string, env: NodeJS.ProcessEnv): Promise<void> {
  const args = ["image", "ls", "--filter", "reference=agatha-*", "--format", "{{.Repository}}:{{.Tag}}"];
  const { code, output } = await run("docker", args, { env });
  if (code !== 0) throw new Stop(`docker image ls: ${output.trim()}`);
  const names = output.split("\n").filter((ref) => isNameOf(stack, ref));
  if (names.length > 0) await run("docker", ["image", "rm", ...names], { env });
}

/** Whether an image's name is one that a stack gave it for itself, beside the one that tells its content. */
export function isNameOf(stack: string, ref: string): boolean {
  const [, , name] = /^agatha-\w+-image:(kept|migrations)-(.+)-[0-9a-z]{32}$/.exec(ref) ?? [];
  return name === stackTag(stack);
}

async function own(
  kind: "container" | "network" | "volume",
  stack: string,
  env: NodeJS.ProcessEnv,
  filter: string[] = [],
): Promise<string[]> {
  const all = kind === "container" ? ["--all"] : [];
  const format = `{{.${kind === "container" ? "Names" : "Name"}}}`;
  const args = [kind, "ls", ...all, "--filter", `label=agatha.stack=${stack}`, "--format", format];
  const { code, output } = await run("docker", [...args, ...filter], { env });
  if (code !== 0) throw new Stop(`docker ${kind} ls: ${output.trim()}`);
  return output.split("\n").filter(Boolean);
}

/** Lets Pulumi forget the stack; its file goes too, unless git keeps it for all. */
async function forget(stack: string, env: NodeJS.ProcessEnv): Promise<void> {
  const kept = (await run("git", ["ls-files", "--error-unmatch", fileOf(stack)])).code === 0;
  const args = ["stack", "rm", fullName(stack, env), "--yes", ...(kept ? ["--preserve-config"] : [])];
  const code = await runHere("pulumi", args, { env });
  if (code !== 0) throw new Stop(`pulumi stack rm ${stack}: ended with ${code}.`);
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
