/** Programs and ports of this host, and names of what a test makes on it. */
import { type ChildProcess, execFile } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Begins the names of what a test makes. The test run's id lets `npm test` find what a killed test left (test/checks/leftovers.ts). */
const prefix = (): string => `test-${process.env["AGATHA_TEST_RUN"] ?? "hand"}-`;

/** A name for a stack, or the like. */
export const scratchName = (): string => prefix() + randomBytes(3).toString("hex");

/** A new folder for temporary files. */
export const scratchFolder = (): string => mkdtempSync(join(tmpdir(), `agatha-${prefix()}`));

export interface Ended {
  code: number;
  output: string;
}

/** Runs a program to its end; standard output and error together. */
export function execute(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, args, { env, maxBuffer: 256 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, output: `${stdout}${stderr}` });
    });
  });
}

/** Runs a program that has to succeed. @returns Its output, without blanks at either end. */
export async function well(program: string, args: string[], env?: NodeJS.ProcessEnv): Promise<string> {
  const { code, output } = await execute(program, args, env);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}:\n${output}`);
  return output.trim();
}

/** Runs docker's client, which has to succeed. */
export const docker = (...args: string[]): Promise<string> => well("docker", args);

/** The lines that docker's client prints. */
export const dockerLines = async (...args: string[]): Promise<string[]> => lines(await docker(...args));

/** A text's lines that are not empty. */
export const lines = (text: string): string[] => text.split("\n").filter(Boolean);

/** Ends a program by a signal, unless it has ended, and waits for its end. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

/** Looks again and again until it is so. @param otherwise What the error at the limit says. @param limit In milliseconds, as the pause between two looks. */
export async function until(
  otherwise: string | (() => string),
  look: () => Promise<boolean> | boolean,
  limit: number,
  pause = 100,
): Promise<void> {
  const start = performance.now();
  while (!(await look())) {
    if (performance.now() - start > limit)
      throw new Error(typeof otherwise === "string" ? otherwise : otherwise());
    await sleep(pause);
  }
}

/**
 * The range for ports: below those of Linux's outgoing connections (net.ipv4.ip_local_port_range begins
 * at 32768), one of which could take the port before a service listens on it.
 */
const PORTS = [20_000, 32_000] as const;

/** A TCP port of 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(...PORTS);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
