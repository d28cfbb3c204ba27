/** Runs programs without a shell, so that every argument reaches its program unchanged. */
import {
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  type SpawnOptions,
  spawn,
} from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { UserError } from "./userError.ts";

/** Environment variables. */
export type Env = NodeJS.ProcessEnv;

/** How a program ended, and what it printed. */
export interface Result {
  /** Null after a signal, even if the program turned it into an exit code: after SIGTERM, `docker exec` of client 20.10 exits with 0. */
  code: number | null;
  stdout: string;
  stderr: string;
  /** Both streams, in the order in which they came. */
  output: string;
  /** Whether the time limit ended it. */
  timedOut?: boolean;
}

export interface RunOptions {
  cwd?: string;
  /** Default: this process's own. */
  env?: NodeJS.ProcessEnv;
  /** The program's standard input. Default: empty. */
  input?: string | Buffer;
  /** Called with every line as it comes. */
  onLine?: (line: string) => void;
  /** Whether the program may be missing, or fail to start, which then gives code 127. Default: an error. */
  optional?: boolean;
  /** Time limit, in milliseconds. Default: none. */
  timeout?: number;
}

/** The programs that run now, so that an interrupt leaves none behind. */
const children = new Set<ChildProcess>();

/**
 * Runs a program to its end, whatever its exit code.
 *
 * @throws UserError if it cannot be started and is not optional.
 */
export async function run(program: string, args: string[], options: RunOptions = {}): Promise<Result> {
  const { cwd, env = process.env, input, onLine, optional = false, timeout } = options;
  let timer: NodeJS.Timeout | undefined;
  try {
    const child = launch(program, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
    // A program that ends before it has read everything says why on stderr.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    let timedOut = false;
    const end = () => {
      timedOut = true;
      // What it started, such as docker's ssh, may hold the other ends open.
      for (const stream of child.stdio) stream?.destroy();
      child.kill("SIGTERM");
    };
    if (timeout !== undefined) timer = setTimeout(end, timeout);
    const result = await ended(child, program, { stdout: child.stdout, onLine, cwd });
    return timeout === undefined ? result : { ...result, timedOut };
  } catch (error) {
    if (!optional || !(error instanceof UserError)) throw error;
    return { code: 127, stdout: "", stderr: error.message, output: error.message };
  } finally {
    clearTimeout(timer);
  }
}

/** A running program whose output is too large for memory; `ended` has its standard error. */
export interface Running {
  child: ChildProcessWithoutNullStreams;
  ended: Promise<Result>;
}

/** Starts a program and leaves its standard input and output to the caller. */
export function start(program: string, args: string[]): Running {
  const child = launch(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  const result = ended(child, program);
  // The caller may await it late, or not at all.
  result.catch(() => {});
  child.stdin.on("error", () => {});
  return { child, ended: result };
}

/** Pipes `producer` through `through` into `consumer`, and waits for both. */
export async function pipe(
  producer: [string, string[]],
  consumer: [string, string[]],
  through: (stream: Readable) => Readable = (stream) => stream,
): Promise<[Result, Result]> {
  const sink = launch(consumer[0], consumer[1], { stdio: ["pipe", "pipe", "pipe"] });
  const source = launch(producer[0], producer[1], { stdio: ["ignore", "pipe", "pipe"] }, () => sink.kill());
  // A broken stream ends both programs, which report the reason themselves.
  pipeline(through(source.stdout), sink.stdin).catch(() => source.kill("SIGTERM"));
  return Promise.all([ended(source, producer[0]), ended(sink, consumer[0], { stdout: sink.stdout })]);
}

/**
 * Runs a program in this terminal and returns its exit code; the program handles interrupts.
 *
 * @param onError Called with what it writes to standard error, which the terminal then does not show.
 * @throws UserError if the program cannot be started.
 */
export async function runHere(
  program: string,
  args: string[],
  { onError, ...options }: SpawnOptions & { onError?: (text: string) => void } = {},
): Promise<number> {
  const ignore = () => {};
  process.on("SIGINT", ignore);
  try {
    const stderr = onError === undefined ? "inherit" : "pipe";
    const child: ChildProcess = launch(program, args, { stdio: ["inherit", "inherit", stderr], ...options });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => onError?.(text));
    return await new Promise<number>((resolve, reject) => {
      child.on("error", (error) => reject(notStarted(program, error, options.cwd)));
      child.on("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 1)));
    });
  } finally {
    process.off("SIGINT", ignore);
  }
}

interface EndedOptions {
  /** The program's standard output, unless the caller reads it. */
  stdout?: Readable;
  onLine?: RunOptions["onLine"];
  cwd?: string | undefined;
}

/** Collects what a program prints until it ends. */
function ended(
  child: ChildProcess,
  program: string,
  { stdout, onLine, cwd }: EndedOptions = {},
): Promise<Result> {
  children.add(child);
  const printed = { stdout: "", stderr: "", output: "" };
  let rest = "";
  const take = (stream: "stdout" | "stderr") => (text: string) => {
    printed[stream] += text;
    printed.output += text;
    if (onLine === undefined) return;
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  };
  // Decoded by the stream: a character may come in two chunks.
  child.stderr?.setEncoding("utf8").on("data", take("stderr"));
  stdout?.setEncoding("utf8").on("data", take("stdout"));
  return new Promise((resolve, reject) => {
    child.on("error", (error) => {
      children.delete(child);
      reject(notStarted(program, error, cwd));
    });
    child.on("close", (code) => {
      children.delete(child);
      resolve({ code: child.killed ? null : code, ...printed });
    });
  });
}

/**
 * As Node's `spawn`, which reports some errors by an event, and throws others, such as E2BIG.
 *
 * @param onThrow Undoes what the caller has begun.
 */
function launch(
  program: string,
  args: string[],
  options: SpawnOptions,
  onThrow = () => {},
): ChildProcessWithoutNullStreams {
  try {
    return spawn(program, args, options) as ChildProcessWithoutNullStreams;
  } catch (error) {
    onThrow();
    // An argument that no program can be given is a fault of ours.
    throw (error as NodeJS.ErrnoException).syscall === undefined
      ? error
      : notStarted(program, error as Error, options.cwd);
  }
}

/** Why a program was not started. For a missing working directory, Node names the program too. */
function notStarted(program: string, error: NodeJS.ErrnoException, cwd?: string | URL): UserError {
  if (error.code !== "ENOENT") return new UserError(`${program}: ${error.message}`);
  if (cwd !== undefined && !existsSync(cwd))
    return new UserError(`${program}: cannot run in ${cwd}, which does not exist.`);
  return new UserError(
    `${program}: is not on PATH. Run \`npm run doctor\`, or \`. scripts/env.sh\` before pulumi.`,
  );
}

let interrupted = false;

/**
 * Ends the programs that run now. Their callers see a failure and clean up. A second interrupt does nothing, since it would
 * end the programs that clean up.
 */
export function interrupt(): void {
  if (interrupted) return;
  interrupted = true;
  for (const child of children) child.kill("SIGTERM");
}

/** Whether an interrupt came, which may be why something fails. */
export const isInterrupted = (): boolean => interrupted;

/** Marks a place where work may stop. @throws UserError after an interrupt. */
export function stopIfInterrupted(): void {
  if (interrupted) throw new UserError("interrupted.");
}

/** How a program ended, for a message. */
export const endedWith = ({ code }: Pick<Result, "code">): string =>
  code === null ? "was ended by a signal" : `ended with ${code}`;

/** The program's full path, or undefined if it is missing. @param path Default: PATH. */
export function which(program: string, path?: string): string | undefined {
  // Loaded late: every step and every preview loads this file, and hardly anything looks for programs.
  const { sync } = createRequire(import.meta.url)("which") as typeof import("which");
  return sync(program, { nothrow: true, ...(path === undefined ? {} : { path }) }) ?? undefined;
}

/** The last lines of a text. */
export const tail = (text: string, lines: number): string =>
  text.trimEnd().split("\n").slice(-lines).join("\n");

/** An error whose message says what became of the data, such as which data is live. It holds after an interrupt, too. */
export class OutcomeError extends UserError {}

/** Does work that can be interrupted: running programs are ended, and the work removes its partial results. */
export async function interruptible<T>(work: () => Promise<T>): Promise<T> {
  let signalled = false;
  const end = () => {
    signalled = true;
    interrupt();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, end);
  try {
    return await work();
  } catch (error) {
    throw signalled && !(error instanceof OutcomeError)
      ? new UserError("Interrupted: nothing is left half done.")
      : error;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, end);
  }
}
