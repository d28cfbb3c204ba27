/** Runs programs without a shell, so that every argument reaches its program unchanged. */
import { type ChildProcessWithoutNullStreams, type SpawnOptions, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { UserError } from "./userError.ts";

/** Environment variables. */
export type Env = NodeJS.ProcessEnv;

export interface Result {
  /** Null after a signal, even if the program made an exit code of it: after SIGTERM, `docker exec` of client 20.10 exits with 0. */
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

type Child = ChildProcessWithoutNullStreams;

/** The programs that run now, so that an interrupt leaves none behind. */
const children = new Set<Child>();

/** Runs a program to its end, whatever its exit code. @throws UserError if it cannot be started and is not optional. */
export async function run(program: string, args: string[], options: RunOptions = {}): Promise<Result> {
  const { cwd, env = process.env, input, onLine, optional = false, timeout } = options;
  let timer: NodeJS.Timeout | undefined;
  try {
    const child = launch(program, args, { cwd, env });
    child.stdin.end(input);
    let timedOut = false;
    const end = () => {
      timedOut = true;
      // What it started, such as docker's ssh, may hold the other ends open.
      for (const stream of child.stdio) stream?.destroy();
      child.kill("SIGTERM");
    };
    if (timeout !== undefined) timer = setTimeout(end, timeout);
    const result = await ended(child, program, child.stdout, onLine, cwd);
    return timeout === undefined ? result : { ...result, timedOut };
  } catch (error) {
    if (!optional || !(error instanceof UserError)) throw error;
    return { code: 127, stdout: "", stderr: error.message, output: error.message };
  } finally {
    clearTimeout(timer);
  }
}

/** A running program whose output is too large for memory; `ended` has its standard error. */
export type Running = ReturnType<typeof start>;

/** Starts a program and leaves its standard input and output to the caller. */
export function start(program: string, args: string[]) {
  const child = launch(program, args);
  const result = ended(child, program);
  // The caller may await it late, or not at all.
  result.catch(() => {});
  return { child, ended: result };
}

/** Pipes `producer` through `through` into `consumer`, and waits for both. */
export async function pipe(
  producer: [string, string[]],
  consumer: [string, string[]],
  through: (stream: Readable) => Readable = (stream) => stream,
): Promise<[Result, Result]> {
  const sink = launch(...consumer);
  const source = launch(...producer, { stdio: ["ignore", "pipe", "pipe"] }, () => sink.kill());
  // A broken stream ends both programs, which report the reason themselves.
  pipeline(through(source.stdout), sink.stdin).catch(() => source.kill("SIGTERM"));
  return Promise.all([ended(source, producer[0]), ended(sink, consumer[0], sink.stdout)]);
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
    const child = launch(program, args, { stdio: ["inherit", "inherit", stderr], ...options });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => onError?.(text));
    return await new Promise<number>((resolve, reject) => {
      child.on("error", (error) => reject(notStarted(program, error, options.cwd)));
      child.on("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 1)));
    });
  } finally {
    process.off("SIGINT", ignore);
  }
}

/** Collects what a program prints until it ends. @param stdout Unless the caller reads it. */
function ended(
  child: Child,
  program: string,
  stdout?: Readable,
  onLine?: RunOptions["onLine"],
  cwd?: string,
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
  child.stderr.setEncoding("utf8").on("data", take("stderr"));
  stdout?.setEncoding("utf8").on("data", take("stdout"));
  return new Promise<Result>((resolve, reject) => {
    child.on("error", (error) => reject(notStarted(program, error, cwd)));
    child.on("close", (code) => resolve({ code: child.killed ? null : code, ...printed }));
  }).finally(() => children.delete(child));
}

/** As Node's `spawn`, which reports some errors by an event, and throws others, such as E2BIG: `onThrow` cleans up. */
function launch(program: string, args: string[], options: SpawnOptions = {}, onThrow = () => {}): Child {
  try {
    const child = spawn(program, args, options) as Child;
    // A program that ends before it has read everything says why on stderr.
    child.stdin?.on("error", () => {});
    return child;
  } catch (error) {
    onThrow();
    // An argument that no program can be given is a fault of ours.
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw notStarted(program, error as Error, options.cwd);
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

/** Ends the programs that run now; their callers clean up. A second interrupt would end what cleans up, and does nothing. */
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
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupt);
  try {
    return await work();
  } catch (error) {
    throw interrupted && !(error instanceof OutcomeError)
      ? new UserError("Interrupted: nothing is left half done.")
      : error;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupt);
  }
}

/** One word for a POSIX shell. */
export const shellWord = (word: string): string =>
  /^[\w.,:/@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
