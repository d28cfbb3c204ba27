/** A proxy that can cut its connections midway, like a failing network. */
import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";

export class CuttingProxy {
  /** Bytes that still pass in total; then every connection is cut. Default: unlimited. */
  left = Number.POSITIVE_INFINITY;
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
  }

  /** Listens. @param from `host:port` of its own. @param to `host:port` of the server. */
  static async start(from: string, to: string): Promise<CuttingProxy> {
    const [[host, port], [toHost, toPort]] = [from.split(":"), to.split(":")];
    const server = createServer((client) => {
      const upstream = connect(Number(toPort), toHost);
      const end = () => {
        client.destroy();
        upstream.destroy();
      };
      for (const side of [client, upstream]) side.on("error", end).on("close", end);
      client.on("data", (chunk) => {
        proxy.left -= chunk.length;
        if (proxy.left < 0) return end();
        if (!upstream.write(chunk)) client.pause();
      });
      upstream.on("drain", () => client.resume());
      upstream.pipe(client);
    });
    const proxy = new CuttingProxy(server);
    // Rejects if there is an error first.
    await once(server.listen(Number(port), host), "listening");
    return proxy;
  }

  end(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}
