/** A real sshd on a test's docker host, and an ssh client of this machine that it lets in. */
import { chmodSync, existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { which } from "../../scripts/lib/exec.ts";
import type { Engine } from "./engine.ts";
import { execute } from "./host.ts";

/** Longest time for the server to listen, in milliseconds. */
const START_LIMIT_MS = 10_000;

/** A folder that sshd wants and that systemd makes where it runs. */
const SEPARATION = "/run/sshd";

export class SshServer {
  /** The docker host, as `agatha:dockerHost` takes it. */
  readonly dockerHost: string;
  /** Puts an `ssh` on PATH that has the key and knows the host, as `~/.ssh/config` would tell it. */
  readonly env: NodeJS.ProcessEnv;
  private readonly engine: Engine;
  private readonly folder: string;
  private made = false;
  private server: ReturnType<Engine["spawn"]> | undefined;

  private constructor(engine: Engine) {
    this.engine = engine;
    this.folder = join(engine.folder, "ssh");
    this.dockerHost = `ssh://root@${engine.address}`;
    this.env = { PATH: `${join(this.folder, "bin")}:${process.env["PATH"]}` };
  }

  /** A server that listens; it ends with its host. */
  static async start(engine: Engine): Promise<SshServer> {
    const server = new SshServer(engine);
    await server.layOut();
    await server.serve();
    return server;
  }

  private async layOut(): Promise<void> {
    const { folder, engine } = this;
    mkdirSync(join(folder, "bin"), { recursive: true });
    for (const name of ["host", "user"]) await this.key(name);
    await execute("cp", [join(folder, "user.pub"), join(folder, "authorized_keys")]);
    const { output } = await execute("cut", ["-d", " ", "-f", "1,2", join(folder, "host.pub")]);
    writeFileSync(join(folder, "known_hosts"), `${engine.address} ${output}`);
    writeFileSync(
      join(folder, "sshd_config"),
      [
        `ListenAddress ${engine.address}`,
        `HostKey ${join(folder, "host")}`,
        `AuthorizedKeysFile ${join(folder, "authorized_keys")}`,
        `PidFile ${join(folder, "sshd.pid")}`,
        // The folder lies in a temporary one, which others may write to.
        "StrictModes no",
        "UsePAM no",
        "PasswordAuthentication no",
        // All of the machine's files are this host's too: its docker client has to find this host's engine.
        `SetEnv DOCKER_HOST=${engine.host} PATH=${process.env["PATH"]}`,
      ].join("\n"),
    );
    const options = [
      `IdentityFile ${join(folder, "user")}`,
      "IdentitiesOnly yes",
      `UserKnownHostsFile ${join(folder, "known_hosts")}`,
      // One connection for all of docker's, as docs/remote-hosts.md advises.
      "ControlMaster auto",
      `ControlPath ${join(folder, "control")}`,
      "ControlPersist 60",
    ];
    writeFileSync(join(folder, "ssh_config"), options.join("\n"));
    const client = `#!/bin/sh\nexec ${which("ssh")} -F ${join(folder, "ssh_config")} "$@"\n`;
    writeFileSync(join(folder, "bin", "ssh"), client);
    chmodSync(join(folder, "bin", "ssh"), 0o755);
  }

  private async key(name: string): Promise<void> {
    const args = ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", join(this.folder, name)];
    const { code, output } = await execute("ssh-keygen", args);
    if (code !== 0) throw new Error(`ssh-keygen: ${output}`);
  }

  private async serve(): Promise<void> {
    const sshd = which("sshd", `${process.env["PATH"]}:/usr/sbin`);
    if (sshd === undefined) throw new Error("sshd: is not on PATH. `npm test` installs it.");
    this.made = !existsSync(SEPARATION);
    if (this.made) mkdirSync(SEPARATION, { mode: 0o755 });
    const config = ["-f", join(this.folder, "sshd_config")];
    this.server = this.engine.spawn(sshd, ["-D", "-E", join(this.folder, "sshd.log"), ...config]);
    const start = performance.now();
    while (!(await listens(this.engine.address, 22))) {
      if (performance.now() - start > START_LIMIT_MS)
        throw new Error((await execute("cat", [join(this.folder, "sshd.log")])).output);
      await sleep(50);
    }
  }

  /** Ends the connection that docker's commands share. */
  private hangUp = () =>
    execute(join(this.folder, "bin", "ssh"), ["-O", "exit", `root@${this.engine.address}`]);

  /** Lets the user in no more, or again. */
  async admit(allowed: boolean): Promise<unknown> {
    await this.hangUp();
    const [from, to] = allowed ? ["refused_keys", "authorized_keys"] : ["authorized_keys", "refused_keys"];
    return execute("mv", [join(this.folder, from), join(this.folder, to)]);
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
