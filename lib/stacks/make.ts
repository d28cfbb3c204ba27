/** Makes stacks with fresh secrets and free ports; gives one that is there its file back. */

import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parse, parseDocument } from "yaml";
import { DOCKER_HOST } from "../config/fields.ts";
import { DEMANDING_STACKS } from "../config/load.ts";
import { isLocal, resolveDockerHost } from "../docker/host.ts";
import { type Holder, isFree, parseHolders } from "../docker/ports.ts";
import { run } from "../process.ts";
import { UserError } from "../userError.ts";
import {
  choosePorts,
  dockerHostOf,
  fileOf,
  HOST_KEY,
  newStackFile,
  PASSWORD_KEY,
  type Ports,
  publishedBy,
  publishedOf,
  readStackFile,
  stacksWithFiles,
  type Values,
} from "./file.ts";
import { configLike, fileLike, type Place } from "./like.ts";
import { environment, fullName, initStack, stackExists } from "./stack.ts";
import { refuseLeftBehind } from "./withoutState.ts";

export interface Wanted {
  /** Where it is to run. Default: where docker's client of this machine goes. */
  dockerHost?: string | undefined;
  /** The stack whose file is the model. Default: none, the application is the sample. */
  like?: string | undefined;
  /** Takes a stack that is there, too, and gives it its file. Default: that is an error. */
  ifNotExists?: boolean;
}

/** A stack's file as its last update had it. */
interface Last {
  config: Values;
  /** What Pulumi encrypts by: the salt, or the key of another secrets provider. */
  [key: string]: unknown;
}

/**
 * Makes a stack: its file with free ports, where it has none yet, the stack itself, and a fresh password in its file,
 * encrypted.
 */
export async function makeStack(stack: string, wanted: Wanted): Promise<number> {
  const { dockerHost, like } = wanted;
  refuseUnusable(wanted);
  const before = await environment(stack);
  const there = await stackExists(stack, before);
  const file = fileOf(stack);
  const fresh = !existsSync(file);
  refuseExisting(stack, wanted, there, fresh);
  const last = there && fresh ? await lastFile(stack, before) : undefined;
  // A file that is there has it in the environment already.
  const model = like === undefined ? undefined : readStackFile(fileOf(like));
  const host = fresh ? hostFor(dockerHost, last?.config, model) : undefined;
  const where = host === undefined ? before : { ...before, DOCKER_HOST: host };
  if (!there) await refuseLeftBehind(stack, where);
  const secrets = fresh ? await writeFile(stack, { like, dockerHost: host }, where, last) : [];
  const env = await environment(stack);
  if (!there) await initStack(stack, env, ["--no-select"]);
  if (readStackFile(file)[PASSWORD_KEY] === undefined)
    await setSecret(stack, { key: PASSWORD_KEY, path: false }, randomBytes(24).toString("base64url"), env);
  for (const { place, value } of secrets) await setSecret(stack, place, value, env);
  const made = there
    ? `is there; ${file} is ${fresh ? "made anew" : "as it was"}`
    : `is made${fresh ? `; its file is ${file}` : ` with ${file}`}`;
  process.stdout.write(`Stack ${stack} ${made}. \`npm run up -- --stack ${stack}\` brings it up.\n`);
  return 0;
}

/** Where a new file's stack runs: where it is told to, else where it was last, else where its model is. */
export const hostFor = (
  given: string | undefined,
  last: Values | undefined,
  model: Values | undefined,
): string | undefined => given ?? (last && dockerHostOf(last)) ?? (model && dockerHostOf(model));

function refuseUnusable({ dockerHost, like }: Wanted): void {
  if (dockerHost !== undefined && !DOCKER_HOST.test(dockerHost))
    throw new UserError(`stack: "${dockerHost}" is not a docker host. Write it like ssh://user@host.`);
  if (like !== undefined && !existsSync(fileOf(like)))
    throw new UserError(`--like: there is no ${fileOf(like)}. Name a stack that has a file here.`);
  if (like !== undefined) refuseModel(fileOf(like), readFileSync(fileOf(like), "utf8"));
}

/**
 * Refuses a model that is not all in its configuration: another stack's secrets are under a key of its own, and an
 * environment of Pulumi's may hold what has to be known here, like the docker host.
 */
export function refuseModel(file: string, text: string): void {
  const parsed = parseDocument(text);
  const provider = parsed.get("secretsprovider");
  const known = provider === undefined || provider === "passphrase" || provider === "default";
  const key = known ? (parsed.has("environment") ? "environment" : undefined) : "secretsprovider";
  if (key !== undefined)
    throw new UserError(
      `--like: ${file} has "${key}", which is not copied. Take a model without it, or write the new stack's file by hand.`,
    );
}

function refuseExisting(stack: string, wanted: Wanted, there: boolean, fresh: boolean): void {
  if (there && !wanted.ifNotExists)
    throw new UserError(`stack: ${stack} is there already. \`npm run up -- --stack ${stack}\` brings it up.`);
  if (!there && !fresh && (wanted.dockerHost !== undefined || wanted.like !== undefined))
    throw new UserError(
      `stack: ${fileOf(stack)} is there already. Change what it has to say, agatha:dockerHost too, then run this with the name alone.`,
    );
}

/**
 * The file as the last update had it, whoever ran that: every backend keeps the configuration with the update. Undefined
 * where none has ended yet.
 */
async function lastFile(stack: string, env: NodeJS.ProcessEnv): Promise<Last | undefined> {
  const args = ["config", "refresh", "--force", "--stack", fullName(stack, env), "--non-interactive"];
  const { code, output } = await run("pulumi", args, { env });
  if (/no previous deployment/.test(output)) return undefined;
  if (code !== 0) throw new UserError(`pulumi config refresh: ended with ${code}:\n${output.trim()}`);
  const { config, ...rest } = parse(readFileSync(fileOf(stack), "utf8")) as Partial<Last>;
  return { ...rest, config: config ?? {} };
}

/**
 * Writes the file: of the last update all; with a model only what is the stack's own, and the rest as the model is now.
 *
 * @returns The model's secrets, still to be set. All are read before the file is written: what fails leaves nothing.
 */
async function writeFile(
  stack: string,
  { dockerHost, like }: Wanted,
  env: NodeJS.ProcessEnv,
  last: Last | undefined,
): Promise<{ place: Place; value: string }[]> {
  const file = fileOf(stack);
  if (last !== undefined && like === undefined) {
    // Pulumi has written it.
    const document = parseDocument(readFileSync(file, "utf8"));
    if (dockerHost !== undefined) document.setIn(["config", HOST_KEY], dockerHost);
    writeFileSync(file, String(document));
    return [];
  }
  const ports = await portsFor(stack, dockerHost, env, last?.config);
  const packages = DEMANDING_STACKS.includes(stack) ? env["AGATHA_PACKAGES"] : undefined;
  const made = like === undefined ? undefined : configLike(readStackFile(fileOf(like)), ports, dockerHost);
  const text = made
    ? fileLike(stack, like as string, made.config)
    : newStackFile(stack, ports, dockerHost, packages);
  const document = parseDocument(text);
  const { config = {}, ...rest } = last ?? {};
  const password = (config as Values)[PASSWORD_KEY];
  if (password !== undefined) document.setIn(["config", PASSWORD_KEY], password);
  for (const [key, value] of Object.entries(rest)) document.set(key, value);
  const secrets: { place: Place; value: string }[] = [];
  for (const { key, path, from } of made?.secrets ?? [])
    secrets.push({ place: { key, path }, value: await secretOf(like as string, from, env) });
  writeFileSync(file, String(document));
  return secrets;
}

/**
 * The ports that the stack had, unless somebody else on its docker host has them by now; else free ones there.
 *
 * @param env With `DOCKER_HOST`, where a docker host is given.
 * @param last The configuration of its last update.
 */
export async function portsFor(
  stack: string,
  dockerHost: string | undefined,
  env: NodeJS.ProcessEnv,
  last: Values | undefined,
): Promise<Ports> {
  const { output } = await run("docker", ["ps", "--format", '{{.Label "agatha.stack"}}\t\t{{.Ports}}'], {
    env,
  });
  const holders = parseHolders(output).filter((holder) => holder.stack !== stack);
  const held = heldBy(holders);
  const had = (service: "back" | "front") => {
    const port = last && publishedBy(last, service);
    return port === undefined || held.has(port) ? undefined : port;
  };
  const [back, front] = [had("back"), had("front")];
  if (back !== undefined && front !== undefined) return { back, front };
  const configured = new Set(stacksWithFiles().flatMap((other) => publishedOf(readStackFile(fileOf(other)))));
  const local = isLocal(await resolveDockerHost(dockerHost, env));
  const free = await choosePorts(
    stack,
    async (port) => configured.has(port) || held.has(port) || (local && !(await isFree("127.0.0.1", port))),
  );
  return { back: back ?? free.back, front: front ?? free.front };
}

const heldBy = (holders: Holder[]): Set<number> =>
  new Set(holders.flatMap(({ ports }) => ports.map(({ port }) => port)));

/** By standard input: a secret is in no process' arguments. Pulumi drops the newline at its end, one alone. */
export async function setSecret(
  stack: string,
  { key, path }: Place,
  value: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const how = ["--secret", ...(path ? ["--path"] : []), "--non-interactive"];
  const args = ["config", "set", key, "--stack", fullName(stack, env), ...how];
  const { code, output } = await run("pulumi", args, { env, input: `${value}\n` });
  if (code !== 0) throw new UserError(`pulumi config set ${key}: ended with ${code}:\n${output.trim()}`);
}

/** A secret of another stack, which has to be in the backend, under the same passphrase. */
async function secretOf(stack: string, { key, path }: Place, env: NodeJS.ProcessEnv): Promise<string> {
  const how = [...(path ? ["--path"] : []), "--json", "--non-interactive"];
  const args = ["config", "get", key, "--stack", fullName(stack, env), ...how];
  const { code, output, stdout } = await run("pulumi", args, { env });
  if (code !== 0)
    throw new UserError(
      `${fileOf(stack)}: its secret ${key} cannot be read: ${output.trim()}. Make the stack (\`npm run stack -- new ${stack}\`) in this backend and set its secrets, or take a model without any.`,
    );
  return (JSON.parse(stdout) as { value: string }).value;
}
