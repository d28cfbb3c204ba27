/** A `pulumi up` that is killed, its whole process group at once, as by a crash or a runner that is taken away. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { recover } from "../../lib/stacks/recover.ts";
import type { Scratch } from "./scratch.ts";

/** Longest time until the moment comes, in milliseconds. */
const LIMIT_MS = 120_000;

/**
 * Time from an output to the kill, in milliseconds: Pulumi writes its state when it says that it begins something, and a
 * file that is killed while it is written is empty ("failed to load checkpoint: EOF").
 */
const AFTER_OUTPUT_MS = 300;

/** A moment of an update: what docker reports (`container create agatha-x-back`), what pulumi prints, or a time. */
export interface Moment {
  event?: RegExp;
  output?: RegExp;
  /** Milliseconds after the start, or the end of the update where that is earlier. */
  after?: number;
}

/** An `up` that runs, in a process group of its own. */
export interface StartedUp {
  child: ChildProcess;
  /** Its exit code, once it ended and all that it printed has come. */
  ended: Promise<number | null>;
  /** What it printed so far. */
  printed: () => string;
}

/** Starts an `up`. @param onOutput Is called whenever it printed something. */
export function startUp(scratch: Scratch, onOutput: (printed: string) => void = () => {}): StartedUp {
  const child = spawn("pulumi", scratch.upArguments(), {
    env: scratch.env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      onOutput(printed);
    });
  const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  return { child, ended, printed: () => printed };
}

/**
 * Starts an `up` and kills it at a moment.
 *
 * @returns What it printed. @throws Error where the update ended before a moment that is no time.
 */
export async function killedUp(scratch: Scratch, { event, output, after }: Moment): Promise<string> {
  const format = "{{.Type}} {{.Action}} {{.Actor.Attributes.name}}";
  const events = spawn("docker", ["events", "--format", format], { stdio: ["ignore", "pipe", "ignore"] });
  let killed = false;
  const kill = () => {
    if (killed || child.exitCode !== null) return;
    killed = true;
    process.kill(-(child.pid as number), "SIGKILL");
  };
  const { child, ended, printed } = startUp(scratch, (text) => {
    if (output?.test(text)) setTimeout(kill, AFTER_OUTPUT_MS);
  });
  // By lines: docker writes each in pieces.
  createInterface(events.stdout).on("line", (line) => {
    if (event?.test(line)) kill();
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    kill();
  }, after ?? LIMIT_MS);
  await ended;
  clearTimeout(timer);
  events.kill();
  if (after === undefined && (!killed || late))
    throw new Error(`the update ended, or hung, before that moment:\n${printed()}`);
  // Steps in process groups of their own notice by themselves that nobody reads any more.
  await sleep(500);
  return printed();
}

/** What `npm run up` does before its update. */
export const recovered = (scratch: Scratch): Promise<void> =>
  recover(scratch.stack, scratch.env, ["--config-file", scratch.configFile]);
