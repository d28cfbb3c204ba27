/** A real sshd, on this machine or on a test's docker host, and an ssh client of this machine that it lets in. */

import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, renameSync, rmdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { which } from "../../lib/process.ts";
import type { Engine } from "./engine.ts";
import { execute, freePort } from "./host.ts";

/** Longest time for the server to listen, in milliseconds. */
const START_LIMIT_MS = 10_000;

/** A folder that sshd wants and that systemd makes where it runs. */
const SEPARATION = "/run/sshd";

/** Where a server runs. */
interface Place {
  address: string;
  port: number;
  spawn: (program: string, args: string[]) => ChildProcess;
  /** What programs have in their environment over there, beside PATH. */
  env: string;
}

export class SshServer {
  /** `ssh://user@host:port`, as `agatha:dockerHost` takes it, and to which a path is added; no port where it is ssh's own. */
  readonly url: string;
  /** Puts an `ssh` on PATH that has the key and knows the host, as `~/.ssh/config` would tell it. */
  readonly env: NodeJS.ProcessEnv;
  /** Comes first on PATH over there: empty, for programs that are to fail. */
  readonly remoteBin: string;
  private readonly folder: string;
  private readonly place: Place;
  private made = false;
  private server: ChildProcess | undefined;

  private constructor(folder: string, place: Place) {
    const { address, port } = place;
    this.folder = folder;
    this.place = place;
    this.url = `ssh://${userInfo().username}@${address}${port === 22 ? "" : `:${port}`}`;
    this.remoteBin = this.at("remote-bin");
    this.env = { PATH: `${this.at("bin")}:${process.env["PATH"]}` };
  }

  /** A server on a docker host, that listens; it ends with its host. */
  static on(engine: Engine): Promise<SshServer> {
    const run = (program: string, args: string[]) => engine.spawn(program, args);
    // All of the machine's files are this host's too: its docker client has to find this host's engine.
    const env = `DOCKER_HOST=${engine.host}`;
    return SshServer.start(join(engine.folder, "ssh"), {
      address: engine.address,
      port: 22,
      spawn: run,
      env,
    });
  }

  /** A server on a free port of 127.0.0.1, that listens. @param folder A folder of the test's, which it removes. */
  static async here(folder: string): Promise<SshServer> {
    const run = (program: string, args: string[]) => spawn(program, args, { stdio: "ignore" });
    return SshServer.start(folder, { address: "127.0.0.1", port: await freePort(), spawn: run, env: "" });
  }

  private static async start(folder: string, place: Place): Promise<SshServer> {
    const server = new SshServer(folder, place);
    await server.layOut();
    await server.serve();
    return server;
  }

  private at = (name: string): string => join(this.folder, name);

  /** What a client has to know: the private key of the one that is let in, and the host's line in `known_hosts`. */
  get secrets() {
    return { key: this.at("user"), knownHosts: this.at("known_hosts") };
  }

  private async layOut(): Promise<void> {
    const { place } = this;
    for (const name of ["bin", "remote-bin"]) mkdirSync(this.at(name), { recursive: true, mode: 0o700 });
    for (const name of ["host", "user"]) await this.key(name);
    await execute("cp", [this.at("user.pub"), this.at("authorized_keys")]);
    const { output } = await execute("cut", ["-d", " ", "-f", "1,2", this.at("host.pub")]);
    const host = place.port === 22 ? place.address : `[${place.address}]:${place.port}`;
    writeFileSync(this.at("known_hosts"), `${host} ${output}`);
    const server = [
      `ListenAddress ${place.address}`,
      `Port ${place.port}`,
      `HostKey ${this.at("host")}`,
      `AuthorizedKeysFile ${this.at("authorized_keys")}`,
      `PidFile ${this.at("sshd.pid")}`,
      // The folder lies in a temporary one, which others may write to.
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      // What this machine's user has its shell do at each start is no matter of the test's, and takes its time.
      `SetEnv ${place.env} HOME=${this.folder} PATH=${this.remoteBin}:${process.env["PATH"]}`,
    ];
    const client = [
      `IdentityFile ${this.at("user")}`,
      "IdentitiesOnly yes",
      `UserKnownHostsFile ${this.at("known_hosts")}`,
      // One connection for all of docker's, as docs/remote-hosts.md advises.
      "ControlMaster auto",
      `ControlPath ${this.at("control")}`,
      "ControlPersist 60",
    ];
    writeFileSync(this.at("sshd_config"), server.join("\n"));
    writeFileSync(this.at("ssh_config"), client.join("\n"));
    writeFileSync(this.client, `#!/bin/sh\nexec ${which("ssh")} -F ${this.at("ssh_config")} "$@"\n`);
    chmodSync(this.client, 0o755);
  }

  private get client(): string {
    return join(this.at("bin"), "ssh");
  }

  private async key(name: string): Promise<void> {
    const args = ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", this.at(name)];
    const { code, output } = await execute("ssh-keygen", args);
    if (code !== 0) throw new Error(`ssh-keygen: ${output}`);
  }

  private async serve(): Promise<void> {
    const { place } = this;
    const sshd = which("sshd", `${process.env["PATH"]}:/usr/sbin`);
    if (sshd === undefined) throw new Error("sshd: is not on PATH. `npm test` installs it.");
    this.made = !existsSync(SEPARATION);
    if (this.made) mkdirSync(SEPARATION, { mode: 0o755 });
    this.server = place.spawn(sshd, ["-D", "-E", this.at("sshd.log"), "-f", this.at("sshd_config")]);
    const start = performance.now();
    while (!(await listens(place.address, place.port))) {
      if (performance.now() - start > START_LIMIT_MS)
        throw new Error((await execute("cat", [this.at("sshd.log")])).output);
      await sleep(50);
    }
  }

  /** Ends the connection that docker's commands share. */
  private hangUp = () => execute(this.client, ["-O", "exit", this.place.address]);

  /** Lets the user in no more, or again. */
  async admit(allowed: boolean): Promise<void> {
    await this.hangUp();
    const [from, to] = allowed ? ["refused_keys", "authorized_keys"] : ["authorized_keys", "refused_keys"];
    renameSync(this.at(from as string), this.at(to as string));
  }

  /** Drops the connections that there are, as a network that fails or a host that goes down does. */
  async drop(): Promise<void> {
    const { output } = await execute("pgrep", ["--parent", String(this.server?.pid)]);
    for (const pid of output.split("\n").filter(Boolean)) process.kill(Number(pid), "SIGKILL");
  }

  /** Ends the server and the connection. */
  async end(): Promise<void> {
    await this.hangUp();
    const { server } = this;
    if (server !== undefined && server.exitCode === null && server.signalCode === null) {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGTERM");
      await ended;
    }
    if (this.made && existsSync(SEPARATION)) rmdirSync(SEPARATION);
    this.made = false;
  }

  /** Listens again after `end`. */
  again = (): Promise<void> => this.serve();
}

function listens(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
