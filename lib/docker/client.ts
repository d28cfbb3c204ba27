/** The docker client, as the steps use it. `DOCKER_HOST` and docker's context decide which daemon answers. */

import { endedWith, type Result, run } from "../process.ts";
import { UserError } from "../userError.ts";
import { hostSentence } from "./errors.ts";
import { isLocal, resolveDockerHost } from "./host.ts";

/**
 * What a script in a container says last. One that was interrupted does not, though docker's exit code may be 0 then
 * (client 20.10, ended by SIGTERM).
 */
export const DONE = "agatha: done";

/** @throws UserError in docker's words where it fails. */
export async function docker(args: string[], stdin?: string | Buffer): Promise<string> {
  const result = await run("docker", args, { ...(stdin !== undefined && { input: stdin }) });
  if (result.code !== 0) throw new UserError(await dockerError(args, result));
  return result.stdout.trim();
}

/** A sentence for a failed docker command; what is the host's fault, or the way's to it, is told from everything else. */
export async function dockerError(args: string[], ended: Pick<Result, "code" | "stderr">): Promise<string> {
  const words = ended.stderr.trim() || `it ${endedWith(ended)} and said nothing`;
  const transfer = ["load", "pull"].includes(args[0] ?? "");
  return (
    hostSentence(words, process.env["DOCKER_HOST"] || (await remoteHost()), transfer) ??
    `docker ${args[0]}: ${words}`
  );
}

/**
 * The address of a docker host that is not this machine's, named by `DOCKER_HOST` or by docker's context; undefined for
 * this machine's own.
 */
export async function remoteHost(): Promise<string | undefined> {
  // A context that docker does not know is told in docker's own words by whatever was asked of it.
  const address = await resolveDockerHost(undefined).then(
    ({ address }) => address,
    () => process.env["DOCKER_HOST"],
  );
  return address === undefined || isLocal({ address }) ? undefined : address;
}

/** Gives an image another name; false where the daemon has no such image. */
export async function tagged(ref: string, name: string): Promise<boolean> {
  const args = ["tag", ref, name];
  const result = await run("docker", args);
  if (result.code !== 0 && !/no such image/i.test(result.stderr))
    throw new UserError(await dockerError(args, result));
  return result.code === 0;
}

/** What `docker inspect` says of one thing, or undefined where the daemon has no such thing. */
export async function inspect<T>(
  kind: "image" | "container",
  name: string,
  format: string,
): Promise<T | undefined> {
  const args = [kind, "inspect", "--format", `{{json ${format}}}`, name];
  const result = await run("docker", args);
  if (result.code === 0) return JSON.parse(result.stdout) as T;
  if (/no such (image|container|object)/i.test(result.stderr)) return undefined;
  throw new UserError(await dockerError(args, result));
}

/** What `docker inspect` says of each of several things; one that went away meanwhile is left out. */
export async function inspectAll<T>(
  kind: "image" | "container",
  ids: string[],
  format: string,
): Promise<T[]> {
  if (ids.length === 0) return [];
  const args = [kind, "inspect", "--format", format, ...new Set(ids)];
  const result = await run("docker", args);
  const denials = result.stderr.split("\n").filter(Boolean);
  if (result.code !== 0 && !denials.every((line) => /no such (image|container|object)/i.test(line)))
    throw new UserError(await dockerError(args, result));
  return result.stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
}

/** Id of a service's container, where it runs. */
export async function runningContainer(stack: string, service: string): Promise<string | undefined> {
  const labels = [`label=agatha.stack=${stack}`, `label=agatha.service=${service}`];
  const filters = labels.flatMap((label) => ["--filter", label]);
  const ids = await docker(["ps", "--quiet", "--no-trunc", ...filters]);
  return ids.split("\n").find(Boolean);
}
