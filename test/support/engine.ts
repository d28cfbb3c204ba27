/**
 * A temporary docker host on this machine: an engine in a network namespace, with its own address, data and socket.
 * Needs root. `remove` removes all of it, pass or fail; after a killed test, `npm test` does (engineRemoval.ts).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { tail } from "../../lib/process.ts";
import { ENGINE_PREFIX, endEngine, linkOf, removeEngine } from "./engineRemoval.ts";
import { type Ended, end, execute, until, well } from "./host.ts";
import type { OtherHost } from "./scratch.ts";

/** Longest time until an engine answers after its start, in milliseconds; measured were 1 to 3 s. */
const START_LIMIT_MS = 60_000;

/**
 * Whether the engine on PATH is the newer one of `AGATHA_TEST_ENGINE` (test/checks/testEngine.ts). It keeps
 * images in containerd's store, the default since 29.
 */
const NEWER = Boolean(process.env["AGATHA_TEST_ENGINE"]);
const STORE = { "containerd-snapshotter": true };

export interface EngineOptions {
  /** Further arguments of dockerd, once the host has its address. */
  args?: (engine: Engine) => string[];
  /** Size of the tmpfs for its data (`64m`). Default: its data lies on the disk. */
  dataSize?: string;
}

export class Engine {
  /** The folder of its data, sockets and log, and of a test's own files. */
  readonly folder = mkdtempSync(
    join(tmpdir(), `${ENGINE_PREFIX}${process.env["AGATHA_TEST_RUN"] ?? "hand"}-`),
  );
  /** The name of its namespace and folder. It contains the test run's id. */
  readonly name = basename(this.folder);
  /** Its socket, in DOCKER_HOST's form. */
  readonly host = `unix://${join(this.folder, "docker.sock")}`;
  /** Its address for this machine; ports published on 0.0.0.0 are reached there. */
  address = "";
  private readonly data = join(this.folder, "data");
  private readonly options: EngineOptions;
  private daemon: ChildProcess | undefined;

  private constructor(options: EngineOptions) {
    this.options = options;
  }

  /** A host whose engine answers. */
  static async make(options: EngineOptions = {}): Promise<Engine> {
    const engine = new Engine(options);
    try {
      await engine.lay();
      await engine.start();
      return engine;
    } catch (error) {
      await engine.remove();
      throw error;
    }
  }

  /** For a scratch stack that `DOCKER_HOST` deploys here. */
  get asHost(): OtherHost {
    return { env: { DOCKER_HOST: this.host }, address: this.address, inspect: this.host };
  }

  /** The namespace, its link to this machine (a pair of network devices), and the file system for its data. */
  private async lay(): Promise<void> {
    const [here, there] = [linkOf(this.name), "agatha"];
    const network = await freeNetwork();
    this.address = `${network}.2`;
    const ip = (...args: string[]) => well("ip", args);
    const inside = (...args: string[]) => ip("-n", this.name, ...args);
    await ip("netns", "add", this.name);
    await ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", this.name);
    await ip("addr", "add", `${network}.1/30`, "dev", here);
    await ip("link", "set", here, "up");
    await inside("addr", "add", `${network}.2/30`, "dev", there);
    await inside("link", "set", "lo", "up");
    await inside("link", "set", there, "up");
    await inside("route", "add", "default", "via", `${network}.1`);
    mkdirSync(this.data);
    const { dataSize } = this.options;
    if (dataSize !== undefined)
      await well("mount", ["-t", "tmpfs", "-o", `size=${dataSize}`, "agatha-test", this.data]);
  }

  /** Starts the engine, for the first time or again with its data, and waits until it answers. */
  async start(): Promise<void> {
    const log = openSync(join(this.folder, "dockerd.log"), "a");
    const at = (name: string) => join(this.folder, name);
    // Without the settings of this machine's daemon, and without the key that its id comes from (until docker 25).
    const settings = { "deprecated-key-path": at("key.json"), ...(NEWER ? { features: STORE } : {}) };
    writeFileSync(at("daemon.json"), JSON.stringify(settings));
    const place = [
      ...["--host", this.host, "--data-root", this.data, "--exec-root", at("exec")],
      ...["--pidfile", at("dockerd.pid"), "--config-file", at("daemon.json")],
      // A containerd namespace of its own, should it find this machine's; the name also identifies its processes.
      ...["--containerd-namespace", this.name, "--containerd-plugins-namespace", `${this.name}-plugins`],
      ...["--cgroup-parent", `/${this.name}`],
    ];
    const own = this.options.args?.(this) ?? [];
    const daemon = this.spawn("dockerd", [...place, ...own], log);
    this.daemon = daemon;
    closeSync(log);
    const late = () => `dockerd does not come up:\n${tail(this.log(), 20)}`;
    const answers = async () => {
      if (daemon.exitCode !== null) throw new Error(late());
      return (await this.docker("version")).code === 0;
    };
    await until(late, answers, START_LIMIT_MS, 200);
  }

  /** The daemon's log. */
  log = (): string => readFileSync(join(this.folder, "dockerd.log"), "utf8");

  /** Starts a program in this host's network, with its engine. The caller ends it, else `remove` does. */
  spawn = (program: string, args: string[], output: number | "ignore" | "pipe" = "ignore"): ChildProcess => {
    const env = { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin`, DOCKER_HOST: this.host };
    const inside = [`--net=/run/netns/${this.name}`, program, ...args];
    return spawn("nsenter", inside, { env, stdio: ["ignore", output, output] });
  };

  /** Runs docker's client against this engine. */
  docker = (...args: string[]): Promise<Ended> =>
    execute("docker", args, { ...process.env, DOCKER_HOST: this.host });

  /** Stops the daemon by a signal and waits for its end. SIGKILL leaves its containers running, as a crash does. */
  async end(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const { daemon } = this;
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
    // nsenter execs the daemon, so this is its process id.
    await end(daemon, signal);
    // Its containerd dies with it. Without an init that reaps orphans, the next daemon would take the zombie for a living one.
    rmSync(join(this.folder, "exec/containerd/containerd.pid"), { force: true });
  }

  /** Removes containers, processes, mounts, the namespace with its link, and the folder. */
  async remove(): Promise<void> {
    await endEngine(this.folder);
    await removeEngine(this.folder);
  }
}

/** The first three bytes of a network that this machine does not use: `10.101.7`. */
async function freeNetwork(): Promise<string> {
  const { output } = await execute("ip", ["-4", "-o", "route", "show", "table", "all"]);
  for (;;) {
    const [second, third] = randomBytes(2);
    // The upper half of 10.0.0.0/8: docker itself hands out 172.16.0.0/12 and 192.168.0.0/16.
    const network = `10.${128 + ((second as number) % 127)}.${third}`;
    if (!output.includes(` ${network}.`) && !output.includes(`${network}.0/`)) return network;
  }
}
