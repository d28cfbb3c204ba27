/** Pulumi's state in files: locks and checkpoints, and what a killed update leaves of them. */
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { line } from "../progress.ts";
import type { Deployment } from "./state.ts";

/** What Pulumi's process is called: nixpkgs wraps it as `.pulumi-wrapped`. */
const PULUMI = /pulumi/;

/** The folder of a file backend; undefined for any other backend. */
export function stateFolder(env: NodeJS.ProcessEnv): string | undefined {
  const url = env["PULUMI_BACKEND_URL"] ?? "";
  return url.startsWith("file:///") ? join(fileURLToPath(url.replace(/\?.*/, "")), ".pulumi") : undefined;
}

/**
 * Removes the locks of updates that were killed on this host.
 *
 * @returns How many it removed, and whether another update holds the stack, as far as can be known.
 */
export function releaseLocks(folder: string, stack: string): { removed: number; held: boolean } {
  const locks = locksOf(folder, stack);
  const stale = locks.filter((lock) => isStale(read(lock), hostname(), programOf));
  for (const lock of stale) for (const file of [lock, `${lock}.attrs`]) rmSync(file, { force: true });
  return { removed: stale.length, held: stale.length < locks.length };
}

function locksOf(folder: string, stack: string): string[] {
  const locks = join(folder, "locks/organization/agatha", stack);
  return filesIn(locks).map((name) => join(locks, name));
}

/**
 * Whether a lock's holder has ended: it ran on this host, and its process does not exist now or is not Pulumi's.
 *
 * @param lock The lock's content; one that is being written is incomplete.
 * @param program The name of the program that has a process id now; undefined if none has.
 */
export function isStale(lock: string, host: string, program: (pid: number) => string | undefined): boolean {
  const { pid, hostname } = (parsed(lock) ?? {}) as { pid?: unknown; hostname?: unknown };
  return hostname === host && typeof pid === "number" && !PULUMI.test(program(pid) ?? "");
}

/** The stack's state; empty if there is none. */
export function deploymentOf(folder: string, stack: string): Deployment {
  const state = parsed(read(join(folder, "stacks/agatha", `${stack}.json`)));
  return (state as { checkpoint?: { latest?: Deployment } } | undefined)?.checkpoint?.latest ?? {};
}

/**
 * Restores checkpoints that a killed update left half written, which Pulumi cannot load ("failed to load checkpoint",
 * "unexpected end of JSON input"), from Pulumi's own backup: the state before that write. What the update was doing is
 * in it as unfinished, or had not begun. A stack whose lock somebody may hold is left alone.
 *
 * @returns Whether any was restored.
 */
export function restoreCheckpoints(env: NodeJS.ProcessEnv): boolean {
  const folder = stateFolder(env);
  if (folder === undefined) return false;
  const stacks = join(folder, "stacks/agatha");
  const broken = filesIn(stacks).filter((name) => {
    const file = join(stacks, name);
    const isBroken = () => parsed(read(file)) === undefined && parsed(read(`${file}.bak`)) !== undefined;
    const isFree = () =>
      locksOf(folder, basename(name, ".json")).every((lock) => isStale(read(lock), hostname(), programOf));
    // Judged again after the locks: whoever was writing it may have ended in between, and the state be whole and newer.
    return isBroken() && isFree() && isBroken();
  });
  for (const name of broken) {
    copyFileSync(join(stacks, `${name}.bak`), join(stacks, name));
    line(
      "state",
      `an update was killed while it wrote the state of stack ${basename(name, ".json")}: Pulumi's backup of before that write is restored`,
    );
  }
  return broken.length > 0;
}

/** The name of the program that a process runs; undefined if there is no such process. */
function programOf(pid: number): string | undefined {
  const name = read(`/proc/${pid}/comm`).trim();
  if (name !== "") return name;
  // Without /proc, a process that exists is taken for Pulumi's.
  try {
    process.kill(pid, 0);
    return "pulumi";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "pulumi" : undefined;
  }
}

/** The JSON files of a folder; none if it does not exist. */
const filesIn = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];

/** A file's text; empty if it is gone, as a lock may be at any moment. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}
