/** A real sshd, on this machine or on a test's docker host, and an ssh client on this machine with access. */
import { type ChildProcess, spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { which } from "../../lib/process.ts";
import type { Engine } from "./engine.ts";
import { end, execute, freePort, lines, until, well } from "./host.ts";

/** Longest time for the server to listen, in milliseconds. */
const START_LIMIT_MS = 10_000;

/** A folder that sshd needs, and that systemd would create. */
const SEPARATION = "/run/sshd";

/** Where a server runs. */
interface Place {
  address: string;
  port: number;
  spawn: (program: string, args: string[]) => ChildProcess;
  /** The environment of programs on the server, besides PATH. */
  env: string;
}

export class SshServer {
  /** `ssh://user@host:port`, for `agatha:dockerHost` or with a path added; without ssh's default port. */
  readonly url: string;
  /** Puts an `ssh` on PATH that has the key and knows the host, as by `~/.ssh/config`. */
  readonly env: NodeJS.ProcessEnv;
  /** An empty folder that comes first on the server's PATH, for programs that should fail. */
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

  /** A listening server on a docker host; it ends with its host. */
  static on(engine: Engine): Promise<SshServer> {
    // The host shares this machine's files, so its docker client has to be pointed at its own engine.
    const env = `DOCKER_HOST=${engine.host}`;
    return SshServer.start(join(engine.folder, "ssh"), {
      address: engine.address,
      port: 22,
      spawn: engine.spawn,
      env,
    });
  }

  /** A listening server on a free port of 127.0.0.1. @param folder A folder of the test, which it removes. */
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

  /** What a client needs: its private key, and the host's line in `known_hosts`. */
  get secrets() {
    return { key: this.at("user"), knownHosts: this.at("known_hosts") };
  }

  private async layOut(): Promise<void> {
    const { place } = this;
    for (const name of ["bin", "remote-bin"]) mkdirSync(this.at(name), { recursive: true, mode: 0o700 });
    for (const name of ["host", "user"])
      await well("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", this.at(name)]);
    copyFileSync(this.at("user.pub"), this.at("authorized_keys"));
    const host = place.port === 22 ? place.address : `[${place.address}]:${place.port}`;
    const [type, key] = readFileSync(this.at("host.pub"), "utf8").split(" ");
    writeFileSync(this.at("known_hosts"), `${host} ${type} ${key}\n`);
    // The folder lies in a temporary one that others may write to. The start-up files of this machine's user do not
    // concern the test, and take time.
    const server = `
      ListenAddress ${place.address}
      Port ${place.port}
      HostKey ${this.at("host")}
      AuthorizedKeysFile ${this.at("authorized_keys")}
      PidFile ${this.at("sshd.pid")}
      StrictModes no
      UsePAM no
      PasswordAuthentication no
      SetEnv ${place.env} HOME=${this.folder} PATH=${this.remoteBin}:${process.env["PATH"]}`;
    // One connection for all docker commands, as docs/remote-hosts.md advises.
    const client = `
      IdentityFile ${this.at("user")}
      IdentitiesOnly yes
      UserKnownHostsFile ${this.at("known_hosts")}
      ControlMaster auto
      ControlPath ${this.at("control")}
      ControlPersist 60`;
    writeFileSync(this.at("sshd_config"), server);
    writeFileSync(this.at("ssh_config"), client);
    const program = `#!/bin/sh\nexec ${which("ssh")} -F ${this.at("ssh_config")} "$@"\n`;
    writeFileSync(this.at("bin/ssh"), program, { mode: 0o755 });
  }

  private async serve(): Promise<void> {
    const { place } = this;
    const sshd = which("sshd", `${process.env["PATH"]}:/usr/sbin`);
    if (sshd === undefined) throw new Error("sshd: is not on PATH. `npm test` installs it.");
    this.made = !existsSync(SEPARATION);
    if (this.made) mkdirSync(SEPARATION, { mode: 0o755 });
    this.server = place.spawn(sshd, ["-D", "-E", this.at("sshd.log"), "-f", this.at("sshd_config")]);
    const log = () => readFileSync(this.at("sshd.log"), "utf8");
    await until(log, () => listens(place.address, place.port), START_LIMIT_MS, 50);
  }

  /** Closes the connection that docker commands share. */
  private hangUp = () => execute(this.at("bin/ssh"), ["-O", "exit", this.place.address]);

  /** Revokes or restores the user's access. */
  async admit(allowed: boolean): Promise<void> {
    await this.hangUp();
    const [from, to] = allowed
      ? (["refused_keys", "authorized_keys"] as const)
      : (["authorized_keys", "refused_keys"] as const);
    renameSync(this.at(from), this.at(to));
  }

  /** Drops the open connections, like a failing network or a host that goes down. */
  async drop(): Promise<void> {
    const { output } = await execute("pgrep", ["--parent", String(this.server?.pid)]);
    for (const pid of lines(output)) process.kill(Number(pid), "SIGKILL");
  }

  /** Ends the server and the connection. */
  async end(): Promise<void> {
    await this.hangUp();
    if (this.server !== undefined) await end(this.server);
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
