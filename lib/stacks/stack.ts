/** The stack that a command works on: its name, its files, and Pulumi run on it. */

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { run, runHere } from "../process.ts";
import { UserError } from "../userError.ts";
import { dockerHostOf, fileOf, readStackFile } from "./file.ts";
import { lockSentence } from "./lock.ts";

/** What set-up makes a password for; the others' is a decision of a person. */
const MADE_FOR = "dev";

/** Where set-up keeps a stack's password; index.ts reads the same. */
const passwordFile = (stack: string): string => `.state/secrets/${stack}/database-password`;

/**
 * The environment that `. scripts/env.sh` gives: the one place that says where tools and state are.
 *
 * @param stack Whose docker host docker's client is to talk to, where its file names one. Default: the environment's.
 * @param file The stack's file, which the program looks at too. Default: the one of its name.
 */
export async function environment(stack?: string, file?: string): Promise<NodeJS.ProcessEnv> {
  const host = stack === undefined ? {} : hostVariable(file ?? fileOf(stack));
  // What it says comes before the mark, and would be taken for a variable.
  const mark = "\n-- environment --\n";
  const { code, output } = await run("bash", ["-c", `. scripts/env.sh 2>&1 && printf '${mark}' && env -0`]);
  if (code !== 0) throw new UserError(`scripts/env.sh: ended with ${code}:\n${output}`);
  const variables = output
    .slice(output.indexOf(mark) + mark.length)
    .split("\0")
    .filter(Boolean)
    .map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]);
  const read = file === undefined ? {} : { AGATHA_CONFIG_FILE: file };
  return { ...Object.fromEntries(variables), ...host, ...read };
}

/** How people run a command on a stack: `npm run logs -- back --stack prod`; for the default stack without its name. */
export function npmRun(command: string, stack: string, more = ""): string {
  const name = stack === (process.env["AGATHA_STACK"] || MADE_FOR) ? "" : `--stack ${stack}`;
  const rest = [more, name].filter(Boolean).join(" ");
  return `\`npm run ${command}${rest && ` -- ${rest}`}\``;
}

/** `DOCKER_HOST` of a stack whose file names its docker host. */
export function hostVariable(file: string): { DOCKER_HOST?: string } {
  const host = dockerHostOf(readStackFile(file));
  return host === undefined ? {} : { DOCKER_HOST: host };
}

/**
 * What Pulumi calls the stack: with `AGATHA_ORGANIZATION`, the one of that organisation of Pulumi Cloud; else the one of
 * the backend's own default.
 */
export const fullName = (stack: string, env: NodeJS.ProcessEnv = process.env): string =>
  env["AGATHA_ORGANIZATION"] ? `${env["AGATHA_ORGANIZATION"]}/agatha/${stack}` : stack;

/** The stack's own name: `pulumi stack ls` puts one of Pulumi Cloud's organisations in front that is not the default. */
export const bareName = (name: string): string => name.slice(name.lastIndexOf("/") + 1);

/**
 * Makes the stack where it is not there yet, and selects it then; with a random database password on stack dev.
 *
 * @param beforeMaking May refuse.
 */
export async function ensureStack(
  stack: string,
  env: NodeJS.ProcessEnv,
  beforeMaking: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const file = passwordFile(stack);
  if (stack === MADE_FOR && !existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
  }
  if (!(await stackExists(stack, env))) {
    await beforeMaking();
    await initStack(stack, env);
  }
  await hideSalt(stack, env);
}

/** Makes a stack that is not there yet. @param options Of `pulumi stack init`. */
export async function initStack(
  stack: string,
  env: NodeJS.ProcessEnv,
  options: string[] = [],
): Promise<void> {
  const { code, output } = await run("pulumi", ["stack", "init", fullName(stack, env), ...options], { env });
  if (/incorrect passphrase/.test(output))
    throw new UserError(
      `Pulumi.${stack}.yaml: its encryptionsalt is of another passphrase, which is lost with the state or elsewhere. Remove that line and every "secure:" value, set those secrets again (pulumi config set --secret), then run this again.`,
    );
  if (code !== 0) throw new UserError(`pulumi stack init ${stack}: ended with ${code}:\n${output.trim()}`);
  await hideSalt(stack, env);
}

/** @throws UserError where the backend has no such stack. */
export async function requireStack(stack: string, env: NodeJS.ProcessEnv): Promise<void> {
  if (!(await stackExists(stack, env)))
    throw new UserError(
      `--stack: ${JSON.stringify(fullName(stack, env))} is not in this backend. Make it by \`pulumi stack init\`, or log in where it is: set PULUMI_ACCESS_TOKEN or PULUMI_BACKEND_URL.`,
    );
  await hideSalt(stack, env);
}

/** Whether the backend has the stack. @throws UserError where there is no Pulumi to ask. */
export const stackExists = async (stack: string, env: NodeJS.ProcessEnv): Promise<boolean> =>
  namesStack(await list(env), stack);

/** A stack as `pulumi stack ls --json` has it. */
export interface ListedStack {
  name: string;
  lastUpdate?: string;
  resourceCount?: number;
  /** Pulumi Cloud's alone, as is what follows. */
  url?: string;
  updateInProgress?: boolean;
}

/** The stacks of the backend. @throws UserError where there is no Pulumi to ask. */
export async function listed(env: NodeJS.ProcessEnv): Promise<ListedStack[]> {
  return JSON.parse(await list(env)) as ListedStack[];
}

async function list(env: NodeJS.ProcessEnv): Promise<string> {
  const of = env["AGATHA_ORGANIZATION"] ? ["--organization", env["AGATHA_ORGANIZATION"]] : [];
  const { code, output, stdout } = await run("pulumi", ["stack", "ls", "--json", ...of], {
    env,
    optional: true,
  });
  if (code === 127) throw new UserError("pulumi: is not set up in this clone. Run `npm run setup` first.");
  if (code !== 0) throw new UserError(`pulumi stack ls: ended with ${code}:\n${output.trim()}`);
  return stdout;
}

/** Whether what `pulumi stack ls --json` prints has the stack; an organisation that is not the default stands in front. */
export const namesStack = (output: string, stack: string): boolean =>
  [...output.matchAll(/"name": "(?:[^"]*\/)?([^"/]+)"/g)].some(([, name]) => name === stack);

/** Pulumi writes its salt into the stack's file; with our own state, git need not see that. */
async function hideSalt(stack: string, env: NodeJS.ProcessEnv): Promise<void> {
  const ours = env["PULUMI_BACKEND_URL"]?.startsWith(`file://${process.cwd()}/.state/`);
  if (ours) await run("git", ["update-index", "--skip-worktree", `Pulumi.${stack}.yaml`], { optional: true });
}

/** Runs pulumi on the stack in this terminal; that another update has the stack is told in a sentence. */
export async function pulumi(stack: string, args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  let held = "";
  const name = fullName(stack, env);
  const code = await runHere("pulumi", [...args, "--stack", name], {
    env,
    onError: (text) => {
      held += text;
      // Pulumi's own words for a lock are many lines; all else goes on at once.
      if (lockSentence(name, held) === undefined) process.stderr.write(text);
    },
  });
  const sentence = lockSentence(name, held);
  if (sentence !== undefined) process.stderr.write(`${sentence}\n`);
  return code;
}
