/** The stack that a command works on: its environment, and whether the backend has it. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { didYouMean } from "../didYouMean.ts";
import { type Env, endedWith, run } from "../process.ts";
import { UserError } from "../userError.ts";
import { dockerHostOf, fileOf, readStackFile, stacksWithFiles } from "./file.ts";
import { restoreCheckpoints } from "./fileBackend.ts";
import { fullName, pulumiError, pulumiOutput } from "./pulumi.ts";
import type { Deployment } from "./state.ts";
import { refuseLeftBehind } from "./withoutState.ts";

/** The stack that is made at its first use, with a password that is made too. Others are made by `npm run stack -- new`. */
const DEFAULT = "dev";

/** Where the default stack's password is kept; lib/config/fromPulumi.ts reads the same. */
const PASSWORD_FILE = `.state/secrets/${DEFAULT}/database-password`;

/**
 * The environment that `. scripts/env.sh` gives: the one place that says where tools and state are.
 *
 * @param stack Docker's client is to talk to its host, if its file names one. Default: the environment's host.
 * @param file The stack's file, which the program looks at too. Default: the one of its name.
 */
export async function environment(stack?: string, file?: string): Promise<Env> {
  const host = stack === undefined ? {} : hostVariable(file ?? fileOf(stack));
  // What bash prints before (BASH_ENV) would be taken for a variable. Over ssh, or if its input is a socket, it would read
  // ~/.bashrc too, which may put other tools first.
  const result = await run("bash", ["--norc", "-c", "printf '\\0'; . scripts/env.sh >&2 && env -0"]);
  if (result.code !== 0) throw new UserError(`scripts/env.sh: ${endedWith(result)}:\n${result.stderr}`);
  const [, ...entries] = result.stdout.split("\0");
  const variables = entries.map((entry) => entry.split(/=(.*)/s, 2));
  const read = file === undefined ? {} : { AGATHA_CONFIG_FILE: file };
  return { ...Object.fromEntries(variables.filter(([name]) => name)), ...host, ...read };
}

/** How people run a command on a stack: `npm run logs -- back --stack prod`; the default stack is not named. */
export function npmRun(command: string, stack: string, more = ""): string {
  const name = stack === (process.env["AGATHA_STACK"] || DEFAULT) ? "" : `--stack ${stack}`;
  const rest = [more, name].filter(Boolean).join(" ");
  return `\`npm run ${command}${rest && ` -- ${rest}`}\``;
}

/** `DOCKER_HOST`, if the stack's file names its docker host. */
export function hostVariable(file: string): { DOCKER_HOST?: string } {
  const host = dockerHostOf(readStackFile(file));
  return host === undefined ? {} : { DOCKER_HOST: host };
}

/**
 * Makes sure that the backend has the stack: makes it if it has a file, or is the default one.
 *
 * @param file The stack's file.
 * @param existing Whether a stack that the backend does not have is refused, file or not. Default: no.
 * @throws UserError if there is no such stack, or if another one of its name runs on the docker host.
 */
export async function ensureStack(stack: string, env: Env, file: string, existing = false): Promise<void> {
  if (!existing && stack === DEFAULT && !existsSync(PASSWORD_FILE)) {
    mkdirSync(dirname(PASSWORD_FILE), { recursive: true, mode: 0o700 });
    writeFileSync(PASSWORD_FILE, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
  }
  const names = (await listed(env)).map(({ name }) => name);
  if (names.includes(stack)) return hideSalt(stack, env);
  if (existing)
    throw new UserError(
      `--stack: ${JSON.stringify(fullName(stack, env))} is not in this backend. Make it by \`pulumi stack init\`, or log in where it is: set PULUMI_ACCESS_TOKEN or PULUMI_BACKEND_URL.`,
    );
  await refuseLeftBehind(stack, env);
  // A name that was mistyped would otherwise be made a stack.
  if (stack !== DEFAULT && !existsSync(file)) {
    const close = didYouMean(stack, [...names, ...stacksWithFiles(), DEFAULT]);
    const hint = close === undefined ? "" : ` Did you mean ${close}?`;
    throw new UserError(
      `stack ${stack}: has neither a file, ${fileOf(stack)}, nor a state in this Pulumi backend.${hint} \`npm run stack -- new ${stack}\` makes it.`,
    );
  }
  await initStack(stack, env);
}

/** Makes a stack that is not there yet. @param options Of `pulumi stack init`. */
export async function initStack(stack: string, env: Env, options: string[] = []): Promise<void> {
  const args = ["stack", "init", fullName(stack, env), ...options];
  const result = await run("pulumi", args, { env });
  if (/incorrect passphrase/.test(result.output))
    throw new UserError(
      `${fileOf(stack)}: its encryptionsalt is of another passphrase, which is lost with the state or elsewhere. Remove that line and every "secure:" value, set those secrets again (pulumi config set --secret), then run this again.`,
    );
  if (result.code !== 0) throw pulumiError(args, result);
  await hideSalt(stack, env);
}

/** Whether the backend has the stack. @throws UserError as `listed`. */
export const stackExists = async (stack: string, env: Env): Promise<boolean> =>
  (await listed(env)).some(({ name }) => name === stack);

/** A stack as `pulumi stack ls --json` has it. */
export interface ListedStack {
  /** Without an organisation of Pulumi Cloud, which Pulumi puts in front unless it is the default one. */
  name: string;
  lastUpdate?: string;
  resourceCount?: number;
  /** This and the next are Pulumi Cloud's alone. */
  url?: string;
  updateInProgress?: boolean;
}

/** Tries to list the stacks while an update writes a state into a file, and the time between two, in milliseconds. */
const LIST_TRIES = 10;
const LIST_PAUSE_MS = 100;

/** The stacks of the backend. @throws UserError if there is no Pulumi to ask. */
export async function listed(env: Env, tries = LIST_TRIES): Promise<ListedStack[]> {
  const of = env["AGATHA_ORGANIZATION"] ? ["--organization", env["AGATHA_ORGANIZATION"]] : [];
  const args = ["stack", "ls", "--json", ...of];
  const result = await run("pulumi", args, { env });
  if (result.code === 0) {
    const stacks = JSON.parse(result.stdout) as ListedStack[];
    return stacks.map((stack) => ({ ...stack, name: stack.name.slice(stack.name.lastIndexOf("/") + 1) }));
  }
  if (restoreCheckpoints(env)) return listed(env);
  if (tries === 1 || !/\bEOF\b/.test(result.output)) throw pulumiError(args, result);
  await sleep(LIST_PAUSE_MS);
  return listed(env, tries - 1);
}

/** Pulumi writes its salt into the stack's file; with our own state, git need not see that. */
async function hideSalt(stack: string, env: Env): Promise<void> {
  const ours = env["PULUMI_BACKEND_URL"]?.startsWith(`file://${process.cwd()}/.state/`);
  if (ours) await run("git", ["update-index", "--skip-worktree", fileOf(stack)], { optional: true });
}

/** The state of a stack that may not be in the backend. */
export const stateOf = async (stack: string, env: Env): Promise<Deployment | undefined> =>
  (await stackExists(stack, env)) ? exportedState(stack, env) : undefined;

/** The stack's state, secrets encrypted. */
export async function exportedState(stack: string, env: Env): Promise<Deployment> {
  const args = ["stack", "export", "--stack", fullName(stack, env)];
  const { deployment } = JSON.parse(await pulumiOutput(args, env)) as { deployment?: Deployment };
  return deployment ?? {};
}
