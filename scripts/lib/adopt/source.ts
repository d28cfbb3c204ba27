/** What `npm run adopt` takes over: a folder of this machine or a docker volume. It is read, and nothing else. */
import { createHash } from "node:crypto";
import {
  createReadStream,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
} from "node:fs";
import { join, relative, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { docker, dockerError } from "../../../steps/docker.ts";
import { pipe, run, StepError } from "../../../steps/process.ts";
import { DATA } from "../../../steps/temporaryServer.ts";
import { Stop } from "../exec.ts";

/** What a data directory says of itself without a server. */
export interface Facts {
  /** Content of PG_VERSION; empty where there is none. */
  version: string;
  bytes: number;
  /** Whether a server did not take its leave: it was killed, or runs. */
  running: boolean;
  /** Parts that lie elsewhere, as links. */
  links: string[];
}

export interface Source {
  kind: "folder" | "volume";
  /** The folder's full path, or the volume's name. */
  name: string;
}

/** SHA-256 by path, of every file. */
export type Sums = Map<string, string>;

/** A program that copies into the stack's volume: it makes files of another user's its own. */
const COPIER = ["CHOWN", "DAC_OVERRIDE", "FOWNER"].flatMap((capability) => ["--cap-add", capability]);

const FACTS = `
  cat PG_VERSION 2> /dev/null || echo
  du -sk . | cut -f 1
  if [ -e postmaster.pid ]; then echo yes; else echo no; fi
  for file in pg_tblspc/* pg_wal; do if [ -L "$file" ]; then echo "$file"; fi; done`;

/** @throws Stop where there is neither such a folder nor such a volume. */
export async function findSource(given: string): Promise<Source> {
  if (existsSync(given) && lstatSync(realpathSync(given)).isDirectory())
    return { kind: "folder", name: realpathSync(given) };
  const { code } = await run("docker", ["volume", "inspect", given]);
  if (code === 0) return { kind: "volume", name: given };
  throw new Stop(
    `adopt: "${given}" is neither a folder here nor a volume of docker. Name the seed's ./db_data, or a volume that \`docker volume ls\` lists.`,
  );
}

/** Runs a shell script in a volume that it cannot write to. */
function inSource(volume: string, image: string, script: string): Promise<string> {
  return docker([
    ...["run", "--rm", "--network", "none", "--pull", "never", "--volume", `${volume}:/source:ro`],
    ...["--user", "0:0", "--cap-drop", "ALL", "--cap-add", "DAC_OVERRIDE", "--workdir", "/source"],
    ...["--security-opt", "no-new-privileges:true", "--entrypoint", "sh", image, "-euc", script],
  ]);
}

/** @throws Stop where this user may not read it. */
export async function factsOf(source: Source, image: string): Promise<Facts> {
  if (source.kind === "volume") {
    const [version = "", kilobytes, pid, ...links] = (await inSource(source.name, image, FACTS)).split("\n");
    return { version: version.trim(), bytes: Number(kilobytes) * 1024, running: pid === "yes", links };
  }
  const at = (path: string) => join(source.name, path);
  let files: string[];
  try {
    files = filesBelow(source.name);
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code !== "EACCES") throw error;
    throw new Stop(`adopt: ${path} cannot be read by this user. Run it as root (sudo npm run adopt …).`);
  }
  const links = files.filter((file) => lstatSync(at(file)).isSymbolicLink());
  return {
    version: files.includes("PG_VERSION") ? readFileSync(at("PG_VERSION"), "utf8").trim() : "",
    bytes: files.reduce((sum, file) => sum + lstatSync(at(file)).size, 0),
    running: files.includes("postmaster.pid"),
    links,
  };
}

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();

/**
 * Who works on the source now: containers that mount it, and servers of this machine in its folder. The stack's host may
 * be another machine: for a folder, docker is asked here as well.
 */
export async function usersOf(source: Source): Promise<string[]> {
  const given = await containersOn(source, process.env);
  if (source.kind === "volume") return given;
  const env = { ...process.env };
  for (const name of ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"])
    delete env[name];
  // Where there is no docker here, it has no container either.
  const here = [containersOn(source, env), containersOn(source, { ...env, DOCKER_CONTEXT: "default" })];
  const local = await Promise.all(here.map((asked) => asked.catch(() => [])));
  return [...new Set([...given, ...local.flat(), ...processesIn(source.name)])];
}

/** @param env Where docker's client finds its daemon. */
async function containersOn(source: Source, env: NodeJS.ProcessEnv): Promise<string[]> {
  const ask = async (args: string[]): Promise<string[]> => {
    const result = await run("docker", args, undefined, env);
    if (result.code !== 0) throw new StepError(await dockerError(args, result));
    return result.stdout.split("\n").filter(Boolean);
  };
  const ids = await ask(["ps", "--quiet", "--no-trunc"]);
  const users: string[] = [];
  for (const id of ids) {
    // One that ended meanwhile uses nothing.
    const [line] = await ask(["container", "inspect", "--format", "{{.Name}} {{json .Mounts}}", id]).catch(
      () => [],
    );
    const [, name = "", mounts = "[]"] = /^\/(\S+) (.*)$/.exec(line ?? "") ?? [];
    if ((JSON.parse(mounts) as Mount[]).some((mount) => isMountOf(mount, source)))
      users.push(`container ${name}`);
  }
  return users;
}

export interface Mount {
  Type: string;
  Name?: string;
  Source?: string;
}

/** Whether a container's mount is the source, a part of it, or around it. */
export function isMountOf({ Type, Name, Source = "" }: Mount, source: Source): boolean {
  if (source.kind === "volume") return Type === "volume" && Name === source.name;
  const within = (inner: string, outer: string) =>
    `${inner}${sep}`.startsWith(outer === sep ? sep : `${outer}${sep}`);
  return Type === "bind" && (within(Source, source.name) || within(source.name, Source));
}

/** A server works in its data directory. Processes of others are not told to everybody. */
function processesIn(folder: string): string[] {
  if (!existsSync("/proc/self/cwd")) return [];
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .filter((pid) => {
      try {
        return (
          readlinkSync(`/proc/${pid}/cwd`) === folder &&
          readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("postgres")
        );
      } catch {
        return false;
      }
    })
    .map((pid) => `process ${pid}`);
}

/**
 * Copies the source into a folder of the stack's volume, which belongs to PostgreSQL's user there.
 *
 * @param name The container's that does it.
 */
export async function copyInto(
  source: Source,
  volume: string,
  image: string,
  folder: string,
  name: string,
): Promise<void> {
  const target = [
    ...["run", "--rm", "--name", name, "--interactive", "--network", "none", "--pull", "never"],
    ...[
      "--user",
      "0:0",
      "--cap-drop",
      "ALL",
      ...COPIER,
      "--security-opt",
      "no-new-privileges:true",
      "--entrypoint",
      "sh",
    ],
    ...["--workdir", DATA, "--volume", `${volume}:${DATA}`],
  ];
  const begin = `rm -rf "$1"; mkdir "$1"`;
  const end = `chown -R 999:999 "$1"; chmod 700 "$1"`;
  if (source.kind === "volume") {
    const script = `${begin}; cp -a /source/. "$1/"; ${end}`;
    await docker([...target, "--volume", `${source.name}:/source:ro`, image, "-euc", script, "sh", folder]);
    return;
  }
  const script = `${begin}; tar -xf - -C "$1"; ${end}`;
  const tar: [string, string[]] = ["tar", ["--format=ustar", "-C", source.name, "-cf", "-", "."]];
  const [packed, unpacked] = await pipe(tar, ["docker", [...target, image, "-euc", script, "sh", folder]]);
  if (packed.code !== 0) throw new Stop(`adopt: tar could not read ${source.name}: ${packed.stderr.trim()}`);
  if (unpacked.code !== 0) throw new Stop(await dockerError(["run"], unpacked));
}

/** A sum for each file of the source, as it is now. */
export async function sumsOf(source: Source, image: string): Promise<Sums> {
  if (source.kind === "volume") return parseSums(await inSource(source.name, image, SUMS));
  const sums: Sums = new Map();
  for (const file of filesBelow(source.name)) {
    const hash = createHash("sha256");
    await pipeline(createReadStream(join(source.name, file)), hash);
    sums.set(file, hash.digest("hex"));
  }
  return sums;
}

/** Prints a line a file below the working directory. */
export const SUMS = "find . -type f -exec sha256sum {} +";

export const parseSums = (text: string): Sums =>
  new Map(
    text
      .split("\n")
      .filter(Boolean)
      .map((line) => [line.slice(66).replace(/^\.\//, ""), line.slice(0, 64)] as const),
  );

/** Files that are not the same in both. */
export const differingFiles = (a: Sums, b: Sums): string[] =>
  [...new Set([...a.keys(), ...b.keys()])].filter((file) => a.get(file) !== b.get(file)).sort();
