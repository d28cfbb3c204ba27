/** Removes what `engine.ts` created, also after a killed test: processes, mounts, namespace, files. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execute, lines } from "./host.ts";

/** Prefix of every engine's folder and namespace; the test run's id follows. */
export const ENGINE_PREFIX = "agatha-engine-";

/**
 * This machine's end of an engine's link, from the engine's name: a device's has at most 15 characters (Linux' IFNAMSIZ).
 */
export const linkOf = (name: string): string =>
  `agh${createHash("sha256").update(name).digest("hex").slice(0, 12)}`;

/** Longest time for a daemon to stop its containers and itself, in milliseconds. */
const END_LIMIT_MS = 30_000;

/** Asks the daemon to remove its containers and to exit, and waits for it. */
export async function endEngine(folder: string): Promise<void> {
  const env = { ...process.env, DOCKER_HOST: `unix://${join(folder, "docker.sock")}` };
  const { code, output } = await execute("docker", ["ps", "--all", "--quiet"], env);
  const ids = code === 0 ? lines(output) : [];
  if (ids.length > 0) await execute("docker", ["rm", "--force", "--volumes", ...ids], env);
  const pid = Number(read(join(folder, "dockerd.pid")) || Number.NaN);
  if (!(pid > 0) || !commandLine(pid).includes(folder)) return;
  process.kill(pid, "SIGTERM");
  const start = performance.now();
  while (commandLine(pid).includes(folder) && performance.now() - start < END_LIMIT_MS) await sleep(100);
}

/** Kills an engine's remaining processes, and removes its mounts, namespace and folder. */
export async function removeEngine(folder: string): Promise<void> {
  const name = folder.slice(folder.lastIndexOf("/") + 1);
  for (let pids = await processesOf(name); pids.length > 0; pids = await processesOf(name)) {
    for (const pid of pids) kill(pid);
    await sleep(100);
  }
  for (const mount of mountsBelow(folder)) await execute("umount", ["--lazy", mount]);
  for (const group of groups(name)) rmdirSync(group);
  // The kernel would remove it with the namespace, but on a busy machine only seconds later.
  if (existsSync(`/sys/class/net/${linkOf(name)}`)) await execute("ip", ["link", "delete", linkOf(name)]);
  if (existsSync(`/run/netns/${name}`)) await execute("ip", ["netns", "delete", name]);
  rmSync(folder, { recursive: true, force: true });
}

/** Removes the engines that a test run left behind; returns their names. */
export async function removeEngines(testRun: string): Promise<string[]> {
  const names = readdirSync(tmpdir()).filter((name) => name.startsWith(`${ENGINE_PREFIX}${testRun}-`));
  for (const folder of names.map((name) => join(tmpdir(), name))) {
    await endEngine(folder);
    await removeEngine(folder);
  }
  return names;
}

/** The daemon, its containerd and the shims have the name in their arguments; processes in containers descend from them. */
async function processesOf(name: string): Promise<number[]> {
  const numbers = (texts: string[]) => texts.filter((text) => /^\d+$/.test(text)).map(Number);
  const all = numbers(readdirSync("/proc"));
  const { output } = await execute("ip", ["netns", "pids", name]);
  const named = all.filter((pid) => commandLine(pid).includes(name));
  const own = new Set([...numbers(lines(output)), ...named]);
  own.delete(process.pid);
  const parents = new Map(all.map((pid) => [pid, parentOf(pid)]));
  const descends = (pid: number | undefined): boolean =>
    pid !== undefined && pid > 1 && (own.has(pid) || descends(parents.get(pid)));
  return all.filter((pid) => pid !== process.pid && descends(pid) && parents.get(pid) !== undefined);
}

/** A process's arguments; empty if it is gone or a zombie. */
const commandLine = (pid: number): string => read(`/proc/${pid}/cmdline`).replaceAll("\0", " ");

/** Its parent; undefined if it is gone or a zombie, which its parent has to reap. */
function parentOf(pid: number): number | undefined {
  const [, state, parent] = /^.*\) (\w) (\d+) /s.exec(read(`/proc/${pid}/stat`)) ?? [];
  return state === undefined || state === "Z" ? undefined : Number(parent);
}

function mountsBelow(folder: string): string[] {
  const mounts = lines(read("/proc/mounts")).map((line) => line.split(" ")[1] ?? "");
  return mounts.filter((mount) => mount.startsWith(`${folder}/`)).sort((a, b) => b.length - a.length);
}

/** Its containers' control groups, in every hierarchy, innermost first: a killed daemon leaves them. */
function groups(name: string): string[] {
  const roots = ["", ...readdirSync("/sys/fs/cgroup")].map((root) => join("/sys/fs/cgroup", root, name));
  return roots.filter((root) => existsSync(root)).flatMap(innermostFirst);
}

const innermostFirst = (folder: string): string[] => [
  ...readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => innermostFirst(join(folder, entry.name))),
  folder,
];

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
