/** An ssh server of the test's own: on a free port of 127.0.0.1, with keys made for it, and a client that knows them. */
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { execute, freePort } from "./host.ts";

export interface Sshd {
  /** `ssh://user@127.0.0.1:port`, to which a path is added. */
  url: string;
  /** Comes first on PATH: an `ssh` that knows the keys. */
  bin: string;
  /** Comes first on PATH over there: empty, for programs that are to fail. */
  remoteBin: string;
  stop(): Promise<void>;
}

/** @param folder A folder of the test's, which it removes. */
export async function startSshd(folder: string): Promise<Sshd> {
  const [keys, bin, remoteBin] = ["keys", "bin", "remote-bin"].map((name) => join(folder, name));
  for (const made of [keys, bin, remoteBin]) mkdirSync(made as string, { recursive: true, mode: 0o700 });
  const key = (name: string) => join(keys as string, name);
  for (const name of ["host", "client"]) {
    const args = ["-q", "-t", "ed25519", "-N", "", "-f", key(name)];
    const { code, output } = await execute("ssh-keygen", args);
    if (code !== 0) throw new Error(`ssh-keygen: ${output}`);
  }
  const port = await freePort();
  // Debian's is told at start-up where it may give up its rights.
  mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const options = {
    ListenAddress: "127.0.0.1",
    Port: port,
    HostKey: key("host"),
    AuthorizedKeysFile: key("client.pub"),
    PidFile: "none",
    StrictModes: "no",
    UsePAM: "no",
    PasswordAuthentication: "no",
    KbdInteractiveAuthentication: "no",
    PermitRootLogin: "prohibit-password",
    SetEnv: `PATH=${remoteBin}:/usr/bin:/bin`,
  };
  const args = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const server = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", "/dev/null", ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  server.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await vi
    .waitFor(() => answers(port), { timeout: 10_000, interval: 50 })
    .catch(() => {
      throw new Error(`sshd does not answer: ${said}`);
    });
  const client = [
    "-i",
    key("client"),
    "-o",
    "StrictHostKeyChecking=no",
    "-o",
    "UserKnownHostsFile=/dev/null",
  ];
  const wrapper = join(bin as string, "ssh");
  writeFileSync(wrapper, `#!/bin/sh\nexec /usr/bin/ssh -F none -o LogLevel=ERROR ${client.join(" ")} "$@"\n`);
  chmodSync(wrapper, 0o755);
  return {
    url: `ssh://${userInfo().username}@127.0.0.1:${port}`,
    bin: bin as string,
    remoteBin: remoteBin as string,
    stop: () =>
      new Promise((resolve) => {
        if (server.exitCode !== null) return resolve();
        server.once("close", () => resolve());
        server.kill("SIGTERM");
      }),
  };
}

function answers(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve();
    });
    socket.on("error", reject);
  });
}
