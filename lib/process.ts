/** How programs are run: without a shell, so that every argument reaches its program as it is. */

import {
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  type SpawnOptions,
  spawn,
} from "node:child_process";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import findProgram from "which";
import { UserError } from "./userError.ts";

/**
 * How a program ended and what it printed; `code` is null if a signal ended it, even if it made an exit code of that:
 * ended by SIGTERM, `docker exec` of client 20.10 exits with 0.
 */
export interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
  /** Both streams, in the order in which they came. */
  output: string;
}

export interface RunOptions {
  cwd?: string;
  /** Default: this process's own. */
  env?: NodeJS.ProcessEnv;
  /** What the program reads from its standard input. Default: nothing. */
  input?: string | Buffer;
  /** Gets every line as it comes. */
  onLine?: (line: string) => void;
  /** Whether the program may be absent: that is code 127 then. Default: an error. */
  optional?: boolean;
}

/** The programs that run now, so that an interrupt leaves none behind. */
const children = new Set<ChildProcess>();

/**
 * Runs a program to its end, whatever its exit code.
 *
 * @throws UserError if it is not on PATH and not optional.
 */
export async function run(program: string, args: string[], options: RunOptions = {}): Promise<Result> {
  const { cwd, env = process.env, input, onLine, optional = false } = options;
  const child = spawn(program, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
  endInput(child, input);
  try {
    return await ended(child, program, child.stdout, onLine);
  } catch (error) {
    if (!optional || !(error instanceof UserError)) throw error;
    return { code: 127, stdout: "", stderr: error.message, output: error.message };
  }
}

function endInput(child: ChildProcessWithoutNullStreams, input?: string | Buffer): void {
  // A program that ends before it has read everything says why on stderr.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
}

/** A program that runs, for what is too large to be kept in memory; `ended` has what it said on standard error. */
export interface Running {
  child: ChildProcessWithoutNullStreams;
  ended: Promise<Result>;
}

/** Starts a program whose standard input and output are the caller's. */
export function start(program: string, args: string[]): Running {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  const result = ended(child, program);
  // Whoever awaits it reports it; until then it is no unhandled rejection.
  result.catch(() => {});
  child.stdin.on("error", () => {});
  return { child, ended: result };
}

/** Runs `producer` into `consumer`'s standard input, by way of `through`, and waits for both. */
export async function pipe(
  producer: [string, string[]],
  consumer: [string, string[]],
  through: (stream: Readable) => Readable = (stream) => stream,
): Promise<[Result, Result]> {
  const source = spawn(producer[0], producer[1], { stdio: ["ignore", "pipe", "pipe"] });
  const sink = spawn(consumer[0], consumer[1], { stdio: ["pipe", "pipe", "pipe"] });
  // A broken stream ends both programs, which say why themselves.
  pipeline(through(source.stdout), sink.stdin).catch(() => source.kill("SIGTERM"));
  return Promise.all([ended(source, producer[0]), ended(sink, consumer[0], sink.stdout)]);
}

/**
 * Runs a program with this terminal as its own and returns its exit code; an interrupt is the program's to handle.
 *
 * @param onError Gets what it writes to standard error, in place of the terminal.
 * @throws UserError if the program is not on PATH.
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
    const child = spawn(program, args, { stdio: ["inherit", "inherit", stderr], ...options });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => onError?.(text));
    return await new Promise<number>((resolve, reject) => {
      child.on("error", (error) => reject(missing(program, error)));
      child.on("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 1)));
    });
  } finally {
    process.off("SIGINT", ignore);
  }
}

/** What a program said, once it ended. @param stdout Its standard output, unless somebody else reads that. */
function ended(
  child: ChildProcess,
  program: string,
  stdout?: Readable,
  onLine?: (line: string) => void,
): Promise<Result> {
  children.add(child);
  const said = { stdout: "", stderr: "", output: "" };
  let rest = "";
  const take = (stream: "stdout" | "stderr") => (text: string) => {
    said[stream] += text;
    said.output += text;
    if (onLine === undefined) return;
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  };
  // A character may come in two chunks.
  child.stderr?.setEncoding("utf8").on("data", take("stderr"));
  stdout?.setEncoding("utf8").on("data", take("stdout"));
  return new Promise((resolve, reject) => {
    child.on("error", (error) => {
      children.delete(child);
      reject(missing(program, error));
    });
    child.on("close", (code) => {
      children.delete(child);
      resolve({ code: child.killed ? null : code, ...said });
    });
  });
}

function missing(program: string, error: NodeJS.ErrnoException): Error {
  if (error.code !== "ENOENT") return error;
  return new UserError(
    `${program}: is not on PATH. Run \`npm run doctor\`, or \`. scripts/env.sh\` before pulumi.`,
  );
}

let interrupted = false;

/**
 * Ends the programs that run now: whoever waits for one finds that it failed, and tidies up. A second interrupt changes
 * nothing: it would end what tidies up.
 */
export function interrupt(): void {
  if (interrupted) return;
  interrupted = true;
  for (const child of children) child.kill("SIGTERM");
}

/** Whether somebody asked for the end: what fails from then on may fail for that. */
export const isInterrupted = (): boolean => interrupted;

/** Where work may stop. @throws UserError after an interrupt. */
export function stopIfInterrupted(): void {
  if (interrupted) throw new UserError("interrupted.");
}

/** How a program ended, for a sentence about it. */
export const endedWith = ({ code }: Pick<Result, "code">): string =>
  code === null ? "was ended by a signal" : `ended with ${code}`;

/** The program's full path, or undefined if it is not there. @param path Default: PATH. */
export const which = (program: string, path?: string): string | undefined =>
  findProgram.sync(program, { nothrow: true, ...(path === undefined ? {} : { path }) }) ?? undefined;

/** The last lines of a text. */
export const tail = (text: string, lines: number): string =>
  text.trimEnd().split("\n").slice(-lines).join("\n");

/** Says itself what is left, after an interrupt too. */
export class Told extends UserError {}

/** Does work that an interrupt ends in good order: the programs that run are ended, and what is half done is removed. */
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
    throw signalled && !(error instanceof Told)
      ? new UserError("Interrupted: nothing is left half done.")
      : error;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, end);
  }
}
