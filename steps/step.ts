/** How a step of a Command resource reads its inputs, and how it ends. */

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { interrupt } from "../lib/process.ts";
import { UserError } from "../lib/userError.ts";

/** An input of the step: what the Command resource put into its environment. */
export function input(name: string): string {
  const value = process.env[name];
  if (value === undefined)
    throw new UserError(`step: ${name} is not set. Run it through pulumi, which sets it.`);
  return value;
}

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
 * Runs a step: a UserError ends it with its message, an interrupt ends its children too. Nobody tells a step of an
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
    process.stderr.write(`${error instanceof UserError ? error.message : String((error as Error).stack)}\n`);
    process.exitCode = 1;
  }
}
