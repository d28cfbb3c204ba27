/** A `pulumi up` whose whole process group is killed at once, as by a crash or a lost runner. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, vi } from "vitest";
import { recover } from "../../lib/stacks/recover.ts";
import type { Scratch } from "./scratch.ts";

/** Longest wait for the moment, in milliseconds. */
const LIMIT_MS = 120_000;

/**
 * Time from an output to the kill, in milliseconds. Pulumi writes its state when it reports the start of an operation; a
 * kill during that write leaves an empty file ("failed to load checkpoint: EOF").
 */
const AFTER_OUTPUT_MS = 300;

/** A moment of an update: what docker reports (`container create agatha-x-back`), what pulumi prints, or a time. */
export interface Moment {
  event?: RegExp;
  output?: RegExp;
  /** Milliseconds after the start, or the end of the update if that is earlier. */
  after?: number;
}

/**
 * Starts an `up` in its own process group.
 *
 * @param onOutput Called after each output.
 * @returns Its exit code, once it ended and its output is complete; its output so far.
 */
export function startUp(scratch: Scratch, onOutput: (printed: string) => void = () => {}) {
  const options = { env: scratch.env, detached: true };
  const child = spawn("pulumi", scratch.upArguments(), { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      onOutput(printed);
    });
  const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  return { child, ended, printed: () => printed };
}

export type StartedUp = ReturnType<typeof startUp>;
export type WatchedUp = ReturnType<typeof watchedUp>;

/** An `up` that has to succeed. */
export function watchedUp(scratch: Scratch) {
  const { ended, printed } = startUp(scratch);
  const look = { timeout: LIMIT_MS, interval: 20 };
  return {
    /** Waits until it printed that. */
    until: (text: RegExp) => vi.waitFor(() => expect(printed()).toMatch(text), look),
    /** Its output, once it ended. */
    ended: async () => {
      expect(await ended, printed()).toBe(0);
      return printed();
    },
  };
}

/**
 * Starts an `up` and kills it at a moment.
 *
 * @param onOutput Called after each output.
 * @returns Its output. @throws Error if the update ended before the moment, unless that is a time.
 */
export async function killedUp(
  scratch: Scratch,
  { event, output, after }: Moment,
  onOutput: (printed: string) => void = () => {},
): Promise<string> {
  const format = "{{.Type}} {{.Action}} {{.Actor.Attributes.name}}";
  const events = spawn("docker", ["events", "--format", format], { stdio: ["ignore", "pipe", "ignore"] });
  let killed = false;
  const kill = () => {
    if (killed || child.exitCode !== null) return;
    killed = true;
    process.kill(-(child.pid as number), "SIGKILL");
  };
  const { child, ended, printed } = startUp(scratch, (text) => {
    onOutput(text);
    if (output?.test(text)) setTimeout(kill, AFTER_OUTPUT_MS);
  });
  // By lines, since docker writes each line in pieces.
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
  // Steps in their own process groups notice that their output has no reader.
  await sleep(500);
  return printed();
}

/** What `npm run up` does before its update. */
export const recovered = (scratch: Scratch): Promise<void> =>
  recover(scratch.stack, scratch.env, ["--config-file", scratch.configFile]);
