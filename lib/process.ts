/** How a step runs programs, and how it ends. No shell: every argument reaches its program as it is. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { UserError } from "./userError.ts";

/**
 * What a program printed and how it ended; `code` is null where a signal ended it, also where it made an exit code of
 * that: ended by SIGTERM, `docker exec` of client 20.10 exits with 0.
 */
export interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The children that run now, so that an interrupted step leaves none behind. */
const children = new Set<ReturnType<typeof spawn>>();

/** An input of the step: what the Command resource put into its environment. */
export function input(name: string): string {
  const value = process.env[name];
  if (value === undefined)
    throw new StepError(`step: ${name} is not set. Run it through pulumi, which sets it.`);
  return value;
}

/** Ends the step with a message for people and no stack trace. */
export class StepError extends UserError {}

/** Runs a program to its end, whatever its exit code. @param env Default: the step's own. */
export async function run(
  program: string,
  args: string[],
  stdin?: string | Buffer,
  env?: NodeJS.ProcessEnv,
): Promise<Result> {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env: env ?? process.env });
  children.add(child);
  // A program that ends before it has read everything says why on stderr.
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  return ended(child, program, child.stdout);
}

/** A program that runs, for what is too large to be kept in memory; `ended` has what it said on standard error. */
export interface Running {
  child: ChildProcessWithoutNullStreams;
  ended: Promise<Result>;
}

/** Starts a program whose standard input and output are the caller's. */
export function start(program: string, args: string[]): Running {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  children.add(child);
  const result = ended(child, program);
  // Told by whoever awaits it; until then it is no unhandled rejection.
  result.catch(() => {});
  // A program that ends before it has read everything says why on stderr.
  child.stdin.on("error", () => {});
  return { child, ended: result };
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

/** Where work may stop. @throws StepError after an interrupt. */
export function stopIfInterrupted(): void {
  if (interrupted) throw new StepError("interrupted.");
}

/** Runs `producer` into `consumer`'s standard input, by way of `through`, and waits for both. */
export async function pipe(
  producer: [string, string[]],
  consumer: [string, string[]],
  through: (stream: Readable) => Readable = (stream) => stream,
): Promise<[Result, Result]> {
  const source = spawn(producer[0], producer[1], { stdio: ["ignore", "pipe", "pipe"] });
  const sink = spawn(consumer[0], consumer[1], { stdio: ["pipe", "pipe", "pipe"] });
  children.add(source).add(sink);
  // A broken stream ends both programs, which say why themselves.
  pipeline(through(source.stdout), sink.stdin).catch(() => source.kill("SIGTERM"));
  return Promise.all([ended(source, producer[0]), ended(sink, consumer[0], sink.stdout)]);
}

/** What a program said, once it ended. @param stdout Its standard output, unless that is somebody else's to read. */
function ended(child: ReturnType<typeof spawn>, program: string, stdout?: Readable): Promise<Result> {
  const output = { stdout: "", stderr: "" };
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
  });
  stdout?.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", (error) => reject(missing(program, error)));
    child.on("close", (code) => {
      children.delete(child);
      resolve({ code: child.killed ? null : code, ...output });
    });
  });
}

function missing(program: string, error: NodeJS.ErrnoException): Error {
  if (error.code !== "ENOENT") return error;
  return new StepError(
    `${program}: is not on PATH. Run \`npm run doctor\`, or \`. scripts/env.sh\` before pulumi.`,
  );
}

/** How a program ended, for a sentence about it. */
export const endedWith = ({ code }: Pick<Result, "code">): string =>
  code === null ? "was ended by a signal" : `ended with ${code}`;

/** The last lines of a text. */
export const tail = (text: string, lines: number): string =>
  text.trimEnd().split("\n").slice(-lines).join("\n");

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Time between two looks at whom the step works for, in milliseconds. */
const LOOK_MS = 250;

/**
 * The ids of the processes that the step works for, from its parent up to the engine. Where the system does not tell
 * (it has no /proc), or the engine is not among them, the parent's alone.
 */
function ancestors(): string {
  const ids = [process.ppid];
  for (let pid = process.ppid; pid > 1; ids.push(pid)) {
    const [, name = "", parent] = /\((.*)\) \S (\d+) /s.exec(status(pid)) ?? [];
    // The other is its name in nixpkgs' wrapper.
    if (name === "pulumi" || name === ".pulumi-wrapped") return ids.join();
    pid = Number(parent);
  }
  return String(process.ppid);
}

function status(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return "";
  }
}

/**
 * Whether what the command plugin kills is this process itself: where /bin/sh is bash, it becomes the program that it runs.
 * Linux cuts the name. Where there is no /proc, nobody tells.
 */
const isTheShell = (): boolean => status(process.ppid).includes("(pulumi-resource)");

/** Runs this program once more, below this process, which takes the shell's place. */
function runBelow(): Promise<void> {
  const child = spawn(process.execPath, process.argv.slice(1), { stdio: "inherit" });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) =>
    child.on("close", (code) => {
      process.exitCode = code ?? 1;
      resolve();
    }),
  );
}

/**
 * Runs a step: a StepError ends it with its message, an interrupt ends its children too. Nobody tells a step of an
 * interrupt: the command plugin kills the shell that runs it, and waits until the step ends by itself (pulumi-command
 * 1.2.1, provider/pkg/provider/local/commandOutputs.go: exec.CommandContext). So it looks whether all are there that it
 * works for.
 */
export async function step(main: () => Promise<void>): Promise<void> {
  if (isTheShell()) return runBelow();
  const stop = () => {
    interrupt();
    process.exitCode = 130;
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  // Nobody may be there to read; what was begun is tidied up all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const before = ancestors();
  setInterval(() => ancestors() !== before && stop(), LOOK_MS).unref();
  try {
    await main();
  } catch (error) {
    process.stderr.write(`${error instanceof StepError ? error.message : String((error as Error).stack)}\n`);
    process.exitCode = 1;
  }
}
