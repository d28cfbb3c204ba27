/** The frame of every step: how it reads its inputs, and how it ends. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { interrupt } from "../lib/process.ts";
import { UserError } from "../lib/userError.ts";

/** An input of the step, which the resource put into its environment. */
export function input(name: string): string {
  const value = process.env[name];
  if (value === undefined)
    throw new UserError(`step: ${name} is not set. Run it through pulumi, which sets it.`);
  return value;
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Time between two looks at the processes that the step works for, in milliseconds. */
const LOOK_MS = 250;

/** The ids of the processes from the step's parent up to Pulumi's engine; only the parent's without an engine or without /proc. */
function ancestors(): string {
  const ids = [process.ppid];
  for (let pid = process.ppid; pid > 1; ids.push(pid)) {
    const [, name = "", parent] = /\((.*)\) \S (\d+) /s.exec(status(pid)) ?? [];
    // The second name is that in nixpkgs' wrapper.
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
 * Whether this process is the one that the command plugin kills: if /bin/sh is bash, it becomes the program that it runs. Linux
 * cuts the plugin's name. Always false on a system without /proc.
 */
const isTheShell = (): boolean => status(process.ppid).includes("(pulumi-resource)");

/** Runs this program once more as a child. This process takes the shell's place. */
async function runBelow(): Promise<void> {
  const child = spawn(process.execPath, process.argv.slice(1), { stdio: "inherit" });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  const [code] = (await once(child, "close")) as [number | null];
  process.exitCode = code ?? 1;
}

/**
 * Runs a step, and prints the line that it returns. A UserError ends it with its message, and an interrupt ends the programs that
 * it runs. A step gets no signal for an interrupt: the command plugin kills the shell that runs it, and waits until the step ends
 * by itself (pulumi-command 1.2.1, provider/pkg/provider/local/commandOutputs.go: exec.CommandContext). So the step watches the
 * processes that it works for.
 */
export async function step(main: () => Promise<string> | Promise<void>): Promise<void> {
  if (isTheShell()) return runBelow();
  const stop = () => {
    interrupt();
    process.exitCode = 130;
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  // If nobody reads its output any more, it still cleans up.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const before = ancestors();
  setInterval(() => ancestors() !== before && stop(), LOOK_MS).unref();
  try {
    const line = await main();
    if (typeof line === "string") process.stdout.write(`${line}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof UserError ? error.message : String((error as Error).stack)}\n`);
    process.exitCode = 1;
  }
}
