/**
 * Stands between docker's clients and the daemon, and counts what they send as images and build contexts: the same
 * measure for everybody, whatever their own output says.
 */
import { once } from "node:events";
import { rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { UserError } from "../../lib/userError.ts";

/** The requests that carry an image or a build's files; each begins a chunk. */
const CARRIES = /^POST \/(v[\d.]+\/)?(images\/load|build|session|grpc)[?/ ]/;

/** Whether a chunk of a connection begins such a request. */
export const carriesImage = (chunk: Buffer): boolean => CARRIES.test(chunk.toString("latin1", 0, 100));

/** The daemon's socket on this machine. @throws UserError if the daemon is another machine's. */
export function daemonSocket(host = process.env["DOCKER_HOST"]): string {
  if (host === undefined || host === "") return "/var/run/docker.sock";
  if (host.startsWith("unix://")) return host.slice("unix://".length);
  throw new UserError(
    `bench: DOCKER_HOST ${host} is no local socket. Unset it: what is measured is this machine.`,
  );
}

export class DockerCounter {
  /** For `DOCKER_HOST` of what is counted. */
  readonly host: string;
  private readonly path: string;
  private readonly daemon: string;
  private readonly server: Server;
  private bytes = 0;

  /** @param folder Gets its own socket. */
  constructor(folder: string, daemon: string) {
    this.daemon = daemon;
    this.path = join(folder, "docker.sock");
    this.host = `unix://${this.path}`;
    this.server = createServer({ allowHalfOpen: true }, (client) => this.forward(client));
  }

  async listen(): Promise<void> {
    // Rejects if there is an error first.
    await once(this.server.listen(this.path), "listening");
  }

  private forward(client: Socket): void {
    const daemon = connect({ path: this.daemon, allowHalfOpen: true });
    let carries = false;
    client.on("data", (chunk: Buffer) => {
      carries ||= carriesImage(chunk);
      if (carries) this.bytes += chunk.length;
    });
    // Each side may end its half before the other does, as `docker exec` with an input ends its own.
    client.pipe(daemon);
    daemon.pipe(client);
    client.on("error", () => daemon.destroy());
    daemon.on("error", () => client.destroy());
  }

  /** Bytes since the last time this was asked. */
  take(): number {
    const { bytes } = this;
    this.bytes = 0;
    return bytes;
  }

  close(): void {
    this.server.close();
    rmSync(this.path, { force: true });
  }
}
