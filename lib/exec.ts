/** Runs programs for set-up and the npm commands, without a shell. */
import { type SpawnOptions, type StdioOptions, spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { UserError } from "./userError.ts";

/** Ends a command with one sentence for people and no stack trace. */
export class Stop extends UserError {}

export interface Ran {
  code: number;
  /** Standard output and error, as they came. */
  output: string;
  /** Standard output alone: JSON, say, beside which a program may warn. */
  stdout: string;
}

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** What it reads from its standard input. Default: nothing. */
  input?: string;
  /** Gets every line as it comes. */
  onLine?: (line: string) => void;
}

/** Runs a program. One that is absent gives code 127. */
export function run(program: string, args: string[], options: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    // A program that ends before it has read everything says why itself.
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input);
    let [output, stdout, rest] = ["", "", ""];
    // A character may come in two chunks.
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8");
    const take = (text: string) => {
      output += text;
      rest += text;
      const lines = rest.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) options.onLine?.(line);
    };
    child.stdout?.on("data", (text: string) => {
      stdout += text;
      take(text);
    });
    child.stderr?.on("data", take);
    child.on("error", (error) => resolve({ code: 127, output: `${program}: ${error.message}`, stdout: "" }));
    child.on("close", (code) => resolve({ code: code ?? 1, output, stdout }));
  });
}

/**
 * Runs a program with this terminal as its own and gives its exit code; an interrupt is the program's to handle.
 *
 * @param onError Gets what it writes to standard error, in place of the terminal.
 */
export function runHere(
  program: string,
  args: string[],
  { onError, ...options }: SpawnOptions & { onError?: (text: string) => void } = {},
): Promise<number> {
  const ignore = () => {};
  process.on("SIGINT", ignore);
  return new Promise((resolve) => {
    const stdio: StdioOptions = ["inherit", "inherit", onError === undefined ? "inherit" : "pipe"];
    const child = spawn(program, args, { stdio, ...options });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => onError?.(text));
    const end = (code: number) => {
      process.off("SIGINT", ignore);
      resolve(code);
    };
    child.on("error", () => end(127));
    child.on("close", (code, signal) => end(code ?? (signal === "SIGINT" ? 130 : 1)));
  });
}

/** The program's full path, or undefined where PATH has none. */
export function which(program: string, path = process.env["PATH"] ?? ""): string | undefined {
  for (const folder of path.split(delimiter)) {
    const candidate = join(folder, program);
    try {
      accessSync(candidate, constants.X_OK);
      if (statSync(candidate).isFile()) return candidate;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** The last lines of a text. */
export const lastLines = (text: string, count: number): string =>
  text.trimEnd().split("\n").slice(-count).join("\n");

/** Runs a command's main function: a Stop, or a step's own error, ends it with its sentence. */
export async function main(body: () => Promise<number | undefined>): Promise<void> {
  // Whoever reads may have had enough, like `head`: what was begun goes on all the same.
  process.stdout.on("error", () => {});
  try {
    process.exitCode = (await body()) ?? 0;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
