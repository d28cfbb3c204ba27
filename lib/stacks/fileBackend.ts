/** Pulumi's state in files: locks and checkpoints, and what a killed update leaves of them. */
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Env } from "../process.ts";
import { line } from "../progress.ts";
import type { Deployment } from "./state.ts";

/** The folder of a file backend; undefined for any other backend. */
export function stateFolder(env: Env): string | undefined {
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
  const stale = locks.filter(isStale);
  for (const lock of stale) for (const file of [lock, `${lock}.attrs`]) rmSync(file, { force: true });
  return { removed: stale.length, held: stale.length < locks.length };
}

const locksOf = (folder: string, stack: string): string[] =>
  filesIn(join(folder, "locks/organization/agatha", stack));

/** Whether a lock's holder has ended: it ran on this host. Not known of a lock that is being written. */
function isStale(lock: string): boolean {
  const holder = parsed<{ pid?: unknown; hostname?: unknown }>(lock);
  return holder?.hostname === hostname() && typeof holder.pid === "number" && !isPulumi(holder.pid);
}

/** Whether a process exists that is Pulumi's, which nixpkgs wraps as `.pulumi-wrapped`. */
function isPulumi(pid: number): boolean {
  const name = read(`/proc/${pid}/comm`);
  if (name !== "") return name.includes("pulumi");
  // Without /proc, a process that exists is taken for Pulumi's.
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** The stack's state; empty if there is none. */
export function deploymentOf(folder: string, stack: string): Deployment {
  const file = join(folder, "stacks/agatha", `${stack}.json`);
  return parsed<{ checkpoint?: { latest?: Deployment } }>(file)?.checkpoint?.latest ?? {};
}

/**
 * Restores checkpoints that a killed update left half written, which Pulumi cannot load ("failed to load checkpoint",
 * "unexpected end of JSON input"), from Pulumi's own backup: the state before that write. What the update was doing is
 * in it as unfinished, or had not begun. A stack whose lock somebody may hold is left alone.
 *
 * @returns Whether any was restored.
 */
export function restoreCheckpoints(env: Env): boolean {
  const folder = stateFolder(env);
  if (folder === undefined) return false;
  let restored = false;
  for (const file of filesIn(join(folder, "stacks/agatha"))) {
    const stack = basename(file, ".json");
    const isBroken = () => parsed(file) === undefined && parsed(`${file}.bak`) !== undefined;
    // Judged again after the locks: whoever was writing it may have ended in between, and the state be whole and newer.
    if (!isBroken() || !locksOf(folder, stack).every(isStale) || !isBroken()) continue;
    copyFileSync(`${file}.bak`, file);
    line(
      "state",
      `an update was killed while it wrote the state of stack ${stack}: Pulumi's backup of before that write is restored`,
    );
    restored = true;
  }
  return restored;
}

/** The paths of the JSON files in a folder; none if it does not exist. */
const filesIn = (folder: string): string[] =>
  (existsSync(folder) ? readdirSync(folder) : [])
    .filter((name) => name.endsWith(".json"))
    .map((name) => join(folder, name));

/** A file's text; empty if it is gone, as a lock may be at any moment. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** A file's content; undefined if it is no whole JSON. */
function parsed<T>(path: string): T | undefined {
  try {
    return (JSON.parse(read(path)) as T | null) ?? undefined;
  } catch {
    return undefined;
  }
}
