/** Refuses published ports that are taken, before anything of the stack is touched. */
import { createServer } from "node:net";
import { UserError } from "../userError.ts";
import { STACK_LABEL } from "./arguments.ts";
import { askDocker } from "./ask.ts";
import { linesOf } from "./client.ts";
import { type DockerHost, isLocal } from "./host.ts";

/** A port that the configuration publishes, and its key. */
export interface Published {
  key: string;
  /** The stack's own container that publishes it. */
  container: string;
  address: string;
  port: number;
}

/** Of `docker ps`: what `parseHolders` reads. */
export const HOLDERS_FORMAT = `{{.Label "${STACK_LABEL}"}}\t{{.Names}}\t{{.Ports}}`;

/** @throws UserError for each port that another container or, on this machine, a program holds; not if no daemon answers. */
export async function refuseTakenPorts(published: Published[], stack: string, host: DockerHost) {
  const { stdout, error } = await askDocker(["ps", "--format", HOLDERS_FORMAT], host);
  if (error !== undefined) return;
  const holders = parseHolders(stdout);
  const taken: string[] = [];
  for (const { key, container, address, port } of published) {
    const holder = holders.find(({ ports }) =>
      ports.some((held) => held.port === port && overlap(held.address, address)),
    );
    if (holder?.stack === stack) continue;
    if (holder !== undefined) taken.push(`${key}: ${port} is taken by container ${holder.name}.`);
    else if (isLocal(host) && !(await isFree(address, port)) && !(await holds(container, port, host)))
      taken.push(`${key}: ${port} is taken on this host.`);
  }
  const fix = "Choose another port, or end what listens there.";
  if (taken.length > 0) throw new UserError(taken.map((what) => `${what} ${fix}`).join("\n"));
}

/** Whether a container has the port although `docker ps` does not show it, as while the container restarts. */
async function holds(container: string, port: number, host: DockerHost): Promise<boolean> {
  const format = "{{.State.Status}} {{json .HostConfig.PortBindings}}";
  const { stdout } = await askDocker(["container", "inspect", "--format", format, container], host);
  return /^(running|restarting) /.test(stdout) && stdout.includes(`"HostPort":"${port}"`);
}

/**
 * Running containers, each with its stack, its name and the ports that it holds on the host. Reads
 * `dev⇥agatha-dev-back⇥127.0.0.1:8000->8000/tcp, [::1]:8000->8000/tcp`; ranges are expanded.
 */
export function parseHolders(text: string) {
  return linesOf(text).map((line) => {
    const [stack = "", name = "", held = ""] = line.split("\t");
    const ranges = [...held.matchAll(/(\S+):(\d{1,5})(?:-(\d{1,5}))?->\S+\/tcp/g)];
    const ports = ranges.flatMap(([, address = "", first, last = first]) =>
      Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => ({
        address,
        port: Number(first) + index,
      })),
    );
    return { stack, name, ports };
  });
}

/** Whether two addresses cannot both have one port: they are equal, or one is every address. */
export function overlap(...two: [string, string]): boolean {
  const [a = "", b] = two.map((address) => address.replace(/^\[|\]$/g, ""));
  return a === b || [a, b].some((address) => address === "0.0.0.0" || address === "::");
}

/** Whether this process could listen there. Docker itself refuses an address that is not this machine's. */
export function isFree(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "EADDRINUSE"));
    server.listen(port, address, () => server.close(() => resolve(true)));
  });
}
