/** Programs and ports of this host. */
import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

export interface Ended {
  code: number;
  output: string;
}

/** Runs a program to its end; standard output and error together. */
export function execute(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, args, { env, maxBuffer: 256 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, output: `${stdout}${stderr}` });
    });
  });
}

/**
 * The range for ports: below those of Linux's outgoing connections (net.ipv4.ip_local_port_range begins
 * at 32768), one of which could take the port before a service listens on it.
 */
const PORTS = [20_000, 32_000] as const;

/** A TCP port of 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(...PORTS);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
