/** A registry of this machine, Debian's docker-registry, which lets one user in. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { which } from "../../scripts/lib/exec.ts";
import { freePort } from "./host.ts";

export class LocalRegistry {
  readonly username = "agatha";
  readonly password: string;
  /** `host:port`; the host is one that docker's host reaches too. */
  readonly address: string;
  private readonly log: string;
  private readonly process: ChildProcess;

  private constructor(address: string, password: string, log: string, process: ChildProcess) {
    this.address = address;
    this.password = password;
    this.log = log;
    this.process = process;
  }

  /**
   * A registry that answers.
   *
   * @param folder For its blobs and settings; whoever calls removes it.
   * @param host An address of this machine.
   */
  static async start(folder: string, host: string, password: string): Promise<LocalRegistry> {
    const program = which("docker-registry");
    if (program === undefined) throw new Error("docker-registry: is not on PATH. `npm test` installs it.");
    mkdirSync(folder, { recursive: true });
    const at = (name: string) => join(folder, name);
    const address = `${host}:${await freePort()}`;
    // It takes bcrypt alone; Perl's crypt is the C library's.
    const bcrypt = 'print crypt($ENV{PASSWORD}, q($2b$05$) . "abcdefghijklmnopqrstuu")';
    const hashed = execFileSync("perl", ["-e", bcrypt], { env: { PASSWORD: password } }).toString();
    writeFileSync(at("htpasswd"), `agatha:${hashed}\n`);
    const config = {
      version: 0.1,
      log: { level: "error" },
      storage: { filesystem: { rootdirectory: at("blobs") } },
      http: { addr: address },
      auth: { htpasswd: { realm: "agatha", path: at("htpasswd") } },
    };
    // JSON is YAML.
    writeFileSync(at("config.yml"), JSON.stringify(config));
    const log = openSync(at("access.log"), "w");
    const registry = new LocalRegistry(
      address,
      password,
      at("access.log"),
      spawn(program, ["serve", at("config.yml")], { stdio: ["ignore", log, "ignore"] }),
    );
    closeSync(log);
    await registry.answers();
    return registry;
  }

  private async answers(): Promise<void> {
    for (let looks = 0; looks < 200; looks++) {
      const answer = await fetch(`http://${this.address}/v2/`).catch(() => undefined);
      if (answer?.status === 401) return;
      await sleep(100);
    }
    this.process.kill();
    throw new Error(`docker-registry does not answer at ${this.address}.`);
  }

  /** Blobs that it was sent so far. */
  uploads(): number {
    const requests = readFileSync(this.log, "utf8").split("\n");
    return requests.filter((line) => /"PUT \/v2\/\S+\/blobs\/uploads\/\S+ HTTP\/1\.1" 201/.test(line)).length;
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill("SIGTERM");
    await ended;
  }
}
