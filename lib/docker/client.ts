/** Docker's client. `DOCKER_HOST` and docker's context decide which daemon answers. */
import { endedWith, type Result, type RunOptions, run, tail } from "../process.ts";
import { UserError } from "../userError.ts";
import { type Kind, ofStack, removal } from "./arguments.ts";
import { hostSentence } from "./errors.ts";
import { isLocal, resolveDockerHost } from "./host.ts";

/**
 * The last line of a script in a container. A script that was interrupted does not print it, although docker may exit
 * with 0 then (client 20.10, ended by SIGTERM).
 */
export const DONE = "agatha: done";

/** Commands of docker that have commands of their own. */
const GROUPS = ["container", "image", "network", "volume", "service", "secret", "config"];

/** Runs docker's client. @throws UserError with docker's message, unless what it fails with is tolerated. */
export async function runDocker(
  args: string[],
  { input, env = process.env, tolerated }: Pick<RunOptions, "env" | "input"> & { tolerated?: RegExp } = {},
): Promise<Result> {
  const result = await run("docker", args, { input, env });
  if (result.code === 0 || tolerated?.test(result.stderr)) return result;
  throw new UserError(await dockerError(args, result, env));
}

/** Gives what docker prints. @throws UserError with docker's message if it fails. */
export const docker = async (args: string[], input: string | Buffer = ""): Promise<string> =>
  (await runDocker(args, { input })).stdout.trim();

/** As `docker`, for a list. */
export const dockerLines = async (args: string[], env = process.env): Promise<string[]> =>
  linesOf((await runDocker(args, { env })).stdout);

export const linesOf = (text: string): string[] => text.split("\n").filter(Boolean);

/** The message for a failed docker command. A fault of the docker host, or of the way to it, comes with its fix. */
export async function dockerError(
  args: string[],
  ended: Pick<Result, "code" | "stderr">,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const message = ended.stderr.trim() || `it ${endedWith(ended)} and said nothing`;
  const [command = "", subcommand] = args;
  const host = env["DOCKER_HOST"] || (await remoteHost(env));
  return (
    hostSentence(message, host, ["load", "pull"].includes(command)) ??
    `docker ${GROUPS.includes(command) ? `${command} ${subcommand}` : command}: ${message}`
  );
}

/** The address of the docker host that `DOCKER_HOST` or docker's context names; undefined if it is this machine. */
export const remoteHost = (env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> =>
  resolveDockerHost(undefined, env).then(
    (host) => (isLocal(host) ? undefined : host.address),
    // Docker itself reports a context that it does not know.
    () => env["DOCKER_HOST"],
  );

const MISSING = /no such (image|container|object)/i;

/** Gives an image another name; false if the daemon has no such image. */
export const tagged = async (ref: string, name: string): Promise<boolean> =>
  (await runDocker(["tag", ref, name], { tolerated: MISSING })).code === 0;

/** What docker prints with `--format '{{json …}}'`: a line for each thing. */
export const jsonLines = <T>(text: string): T[] => linesOf(text).map((line) => JSON.parse(line) as T);

/** What `docker inspect` says about one thing, or undefined if the daemon has no such thing. */
export const inspect = async <T>(
  kind: "image" | "container",
  name: string,
  format: string,
): Promise<T | undefined> => (await inspectAll<T>(kind, [name], `{{json ${format}}}`))[0];

/** What `docker inspect` says about several things, without those that are gone. @param format Gives a line of JSON for each. */
export async function inspectAll<T>(
  kind: "image" | "container",
  names: string[],
  format: string,
): Promise<T[]> {
  if (names.length === 0) return [];
  const args = [kind, "inspect", "--format", format, ...new Set(names)];
  const result = await run("docker", args);
  const missing = linesOf(result.stderr).filter((line) => MISSING.test(line));
  if (result.code !== 0 && linesOf(result.stdout).length + missing.length < new Set(names).size)
    throw new UserError(await dockerError(args, result));
  return jsonLines(result.stdout);
}

/** Id of a service's container, if it runs. */
export const runningContainer = async (stack: string, service: string): Promise<string | undefined> =>
  (await dockerLines(["ps", "--quiet", "--no-trunc", ...ofStack(stack, service)]))[0];

/** The end of a container's log. */
export async function lastLines(container: string, lines: number): Promise<string> {
  const { stdout, stderr } = await run("docker", ["logs", "--tail", String(lines), container]);
  return tail(`${stdout}${stderr}`, lines);
}

/** Removes by force, if it is there; docker keeps a volume that is in use. */
export const remove = (kind: Kind, name: string): Promise<Result> => run("docker", removal(kind, name));

/**
 * Removes a stack's containers with a service label, then its volumes with that label, unless a container uses them: the
 * temporary ones of a step, which may leave them behind when it is killed.
 */
export async function removeLabelled(stack: string, label: string): Promise<void> {
  const which = ofStack(stack, label);
  const unused = () => dockerLines(["volume", "ls", "--quiet", "--filter", "dangling=true", ...which]);
  // At once: nearly always there is nothing of either.
  const [containers, volumes] = await Promise.all([
    dockerLines(["container", "ls", "--all", "--quiet", ...which]),
    unused(),
  ]);
  for (const id of containers) await remove("container", id);
  for (const name of containers.length === 0 ? volumes : await unused()) await remove("volume", name);
}
