/** Makes stacks with fresh secrets and free ports, and writes the lost file of an existing stack again. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parse, parseDocument } from "yaml";
import type { Values } from "../config/collect.ts";
import { dockerHost as dockerHostField } from "../config/fields.ts";
import { DEMANDING_STACKS } from "../config/load.ts";
import { isLocal, resolveDockerHost } from "../docker/host.ts";
import { HOLDERS_FORMAT, isFree, parseHolders } from "../docker/ports.ts";
import { type Env, run } from "../process.ts";
import { UserError } from "../userError.ts";
import {
  choosePorts,
  dockerHostOf,
  fileOf,
  fileText,
  HOST_KEY,
  newConfig,
  PASSWORD_KEY,
  type Ports,
  publishedBy,
  publishedOf,
  readStackFile,
  stacksWithFiles,
} from "./file.ts";
import { configLike } from "./like.ts";
import { fullName, pulumiError, pulumiOutput } from "./pulumi.ts";
import { environment, initStack, stackExists } from "./stack.ts";
import { refuseLeftBehind } from "./withoutState.ts";

interface Wanted {
  /** Default: the one of this machine's docker client. */
  dockerHost?: string | undefined;
  /** The stack whose file is the model. Default: none, the application is the sample. */
  like?: string | undefined;
  /** Accepts a stack that exists, and writes its file if it is missing. Default: that is an error. */
  ifNotExists?: boolean;
}

/** A stack's file as its last update had it; beside the configuration, what Pulumi encrypts by. */
type Last = Values & { config: Values };

/** Makes a stack: its file with free ports, if it has none, the stack itself, and a fresh, encrypted password in the file. */
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
    secrets.unshift([PASSWORD_KEY, randomBytes(24).toString("base64url")]);
  for (const [key, value] of secrets) await setSecret(stack, key, value, env);
  const made = there
    ? `is there; ${file} is ${fresh ? "made anew" : "as it was"}`
    : `is made${fresh ? "; its file is" : " with"} ${file}`;
  process.stdout.write(`Stack ${stack} ${made}. \`npm run up -- --stack ${stack}\` brings it up.\n`);
  return 0;
}

/** The docker host of a new file: the given one, else the last update's, else the model's. */
export const hostFor = (given: string | undefined, last: Values = {}, model: Values = {}) =>
  given ?? dockerHostOf(last) ?? dockerHostOf(model);

function refuseUnusable({ dockerHost, like }: Wanted): void {
  if (dockerHost !== undefined && !dockerHostField.safeParse(dockerHost).success)
    throw new UserError(`stack: "${dockerHost}" is not a docker host. Write it like ssh://user@host.`);
  if (like === undefined) return;
  const file = fileOf(like);
  if (!existsSync(file))
    throw new UserError(`--like: there is no ${file}. Name a stack that has a file here.`);
  // Refuses what is not YAML.
  readStackFile(file);
  refuseModel(file, readFileSync(file, "utf8"));
}

/**
 * Refuses a model that is not all in its configuration: another stack's secrets are under a key of its own, and an
 * environment of Pulumi's may hold what has to be known here, like the docker host.
 */
export function refuseModel(file: string, text: string): void {
  const { environment, secretsprovider = "default" } = (parse(text) ?? {}) as Values;
  const ours = secretsprovider === "default" || secretsprovider === "passphrase";
  const key = ours ? environment && "environment" : "secretsprovider";
  if (key)
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
 * if none has ended yet.
 */
async function lastFile(stack: string, env: Env): Promise<Last | undefined> {
  const args = ["config", "refresh", "--force", "--stack", fullName(stack, env), "--non-interactive"];
  const result = await run("pulumi", args, { env });
  if (/no previous deployment/.test(result.output)) return undefined;
  if (result.code !== 0) throw pulumiError(args, result);
  return { config: {}, ...(parse(readFileSync(fileOf(stack), "utf8")) as Values) };
}

/**
 * Writes the file: the last update's as it was; with a model, only what is the stack's own, and the rest from the model.
 *
 * @returns The model's secrets, still to be set. All are read before the file is written: a failure leaves nothing.
 */
async function writeFile(
  stack: string,
  { dockerHost, like }: Wanted,
  env: Env,
  last: Last | undefined,
): Promise<[key: string, value: string][]> {
  const file = fileOf(stack);
  if (last !== undefined && like === undefined) {
    // Pulumi has written it.
    const document = parseDocument(readFileSync(file, "utf8"));
    if (dockerHost !== undefined) document.setIn(["config", HOST_KEY], dockerHost);
    writeFileSync(file, document.toString({ lineWidth: 0 }));
    return [];
  }
  const { config: before, ...rest } = last ?? { config: undefined };
  const ports = await portsFor(stack, dockerHost, env, before);
  const secrets: [key: string, value: string][] = [];
  let text: string;
  if (like === undefined) {
    const packages = DEMANDING_STACKS.includes(stack) ? env["AGATHA_PACKAGES"] : undefined;
    text = fileText(stack, stack, newConfig(ports, dockerHost, packages));
  } else {
    const made = configLike(like, readStackFile(fileOf(like)), ports, dockerHost);
    for (const key of made.secrets) secrets.push([key, await secretOf(like, key, env)]);
    for (const warning of made.warnings) process.stderr.write(`${warning}\n`);
    text = fileText(stack, `${stack} --like ${like}`, made.config);
  }
  const document = parseDocument(text);
  const password = before?.[PASSWORD_KEY];
  if (password !== undefined) document.setIn(["config", PASSWORD_KEY], password);
  for (const [key, value] of Object.entries(rest)) document.set(key, value);
  writeFileSync(file, document.toString({ lineWidth: 0 }));
  return secrets;
}

/**
 * The ports that the stack had at its last update, unless somebody else on its docker host has them by now; else free ones.
 *
 * @param env With `DOCKER_HOST`, if a docker host is given.
 */
export async function portsFor(
  stack: string,
  dockerHost: string | undefined,
  env: Env,
  last: Values | undefined,
): Promise<Ports> {
  const { stdout } = await run("docker", ["ps", "--format", HOLDERS_FORMAT], { env, optional: true });
  const others = parseHolders(stdout).filter((holder) => holder.stack !== stack);
  const held = new Set(others.flatMap(({ ports }) => ports.map(({ port }) => port)));
  const [back, front] = (["back", "front"] as const).map((service) => {
    const port = last && publishedBy(last, service);
    return port !== undefined && held.has(port) ? undefined : port;
  });
  if (back !== undefined && front !== undefined) return { back, front };
  const configured = new Set(stacksWithFiles().flatMap((other) => publishedOf(readStackFile(fileOf(other)))));
  const local = isLocal(await resolveDockerHost(dockerHost, env));
  const free = await choosePorts(
    stack,
    async (port) => configured.has(port) || held.has(port) || (local && !(await isFree("127.0.0.1", port))),
  );
  return { back: back ?? free.back, front: front ?? free.front };
}

/** @param key As `--path` takes it. */
export async function setSecret(stack: string, key: string, value: string, env: Env): Promise<void> {
  const how = ["--stack", fullName(stack, env), "--secret", "--path", "--non-interactive"];
  // By standard input: a secret is in no process' arguments. Pulumi drops the newline at its end, one alone.
  await pulumiOutput(["config", "set", key, ...how], env, { input: `${value}\n` });
}

/** A secret of another stack, which has to be in the backend, under the same passphrase. */
async function secretOf(stack: string, key: string, env: Env): Promise<string> {
  const how = ["--stack", fullName(stack, env), "--path", "--json", "--non-interactive"];
  const { code, output, stdout } = await run("pulumi", ["config", "get", key, ...how], { env });
  if (code === 0) return (JSON.parse(stdout) as { value: string }).value;
  throw new UserError(
    `${fileOf(stack)}: its secret ${key} cannot be read: ${output.trim()}. Make the stack (\`npm run stack -- new ${stack}\`) in this backend and set its secrets, or take a model without any.`,
  );
}
