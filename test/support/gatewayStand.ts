/** A gateway in a container, and services behind it, in a network of their own. */
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { removal } from "../../lib/docker/arguments.ts";
import { type GatewayPlan, gatewayConfiguration, gatewayPorts } from "../../lib/gateway/configuration.ts";
import { route } from "../../lib/gateway/routes.ts";
import { slots } from "../../lib/gateway/slots.ts";
import {
  docker,
  dockerLines,
  execute,
  freePort,
  lines,
  scratchFolder,
  scratchName,
  until,
  well,
} from "./host.ts";
import { ourImages, restoreImages } from "./ourImages.ts";

const health = { path: "/health", statuses: [200], interval: "5s" };

/** The sample's ports, and no domain. */
export const PLAN: GatewayPlan = {
  back: { port: 8000, health },
  front: { port: 5173, health },
  requestLimit: 1,
  memory: 128,
  site: undefined,
};

export class GatewayStand {
  readonly stack = scratchName();
  readonly folder = scratchFolder();
  readonly gateway = `agatha-${this.stack}-gateway`;
  /** Addresses on this host. */
  back = "";
  front = "";
  http = 0;
  https = 0;
  private image = "";
  /** HAProxy's path in the image. */
  private haproxy = "";
  private imagesBefore = new Map<string, string>();
  private readonly network = `agatha-${this.stack}`;
  private readonly labels = ["--label", `agatha.stack=${this.stack}`];

  static async make(): Promise<GatewayStand> {
    const stand = new GatewayStand();
    stand.imagesBefore = await ourImages(dockerLines);
    const build = async (attribute: string) => {
      const link = join(stand.folder, attribute);
      const nix = ["nix", "--argstr", "packages", "debian", "-A", attribute, "--out-link", link];
      await well("nix-build", nix);
      return link;
    };
    const image = await build("gateway-image");
    stand.haproxy = join(realpathSync(await build("gateway.haproxy")), "bin/haproxy");
    const loaded = await well("sh", ["-c", `${image} | docker load`]);
    stand.image = /Loaded image: (\S+)/.exec(loaded)?.[1] ?? "";
    if (stand.image === "") throw new Error(loaded);
    await docker("network", "create", ...stand.labels, stand.network);
    return stand;
  }

  /** What HAProxy says of a plan's configuration; "" if it takes it without a word. */
  async check(plan: GatewayPlan, pem?: string): Promise<string> {
    const { files, data } = this.write("checked", plan, pem);
    const { code, output } = await execute("docker", [
      ...["run", "--rm", "--network", "none", "--volume", `${files}:/etc/haproxy:ro`],
      ...["--volume", `${data}:/var/lib/agatha:ro`, this.image],
      ...[this.haproxy, "-c", "-f", "/etc/haproxy/haproxy.cfg"],
    ]);
    const said = lines(output).filter((line) => !/^\[NOTICE\]|server state file|^Warnings/.test(line));
    return code === 0 && said.join("") === "Configuration file is valid" ? "" : output;
  }

  private write(under: string, plan: GatewayPlan, pem?: string) {
    mkdirSync(join(this.folder, under), { recursive: true });
    const [files, data] = [join(this.folder, under, "files"), join(this.folder, under, "data")];
    for (const folder of [files, data]) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
      // The container's user is another one.
      chmodSync(folder, 0o777);
    }
    chmodSync(this.folder, 0o755);
    writeFileSync(join(files, "haproxy.cfg"), gatewayConfiguration(plan));
    if (pem !== undefined) writeFileSync(join(data, "site.pem"), pem);
    return { files, data };
  }

  /** Starts the gateway anew, as the program does, with no routes. */
  async start(plan = PLAN, pem?: string): Promise<void> {
    await execute("docker", ["rm", "--force", this.gateway]);
    const { files, data } = this.write("gateway", plan, pem);
    const inside = gatewayPorts(plan);
    const names = ["back", "front", "http", "https"] as const;
    const outside = { back: 0, front: 0, http: 0, https: 0 };
    for (const name of names) outside[name] = await freePort();
    const { path, statuses } = plan.back.health;
    await docker(
      ...["run", "--detach", "--init", "--name", this.gateway, ...this.labels, "--restart", "always"],
      ...["--network", this.network, "--network-alias", "agatha-back", "--network-alias", "agatha-front"],
      ...["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--memory", "128m"],
      ...["--label", `agatha.follows.back-check=${path} ${statuses.join(",")}`],
      ...["--tmpfs", "/run/agatha:uid=65534,gid=65534,mode=0700", "--stop-signal", "SIGUSR1"],
      ...["--volume", `${files}:/etc/haproxy:ro`, "--volume", `${data}:/var/lib/agatha`],
      ...names.flatMap((name) => ["--publish", `127.0.0.1:${outside[name]}:${inside[name]}`]),
      this.image,
    );
    this.back = `http://127.0.0.1:${outside.back}`;
    this.front = `http://127.0.0.1:${outside.front}`;
    [this.http, this.https] = [outside.http, outside.https];
    await slots(this.gateway, "back");
  }

  /** Ends HAProxy as a crash does; docker starts it again. */
  async crash(container = this.gateway): Promise<void> {
    process.kill(Number(await docker("inspect", "--format", "{{.State.Pid}}", container)), "SIGKILL");
  }

  /**
   * A service's container, ready; this Node runs in it.
   *
   * @param probe The end of its probe's arguments: a path and statuses. Default: what the gateway of `PLAN` asks.
   * @returns Its id, as its host name is.
   */
  async service(env: Record<string, string> = {}, probe = "/health 200"): Promise<string> {
    const libraries = (await execute("ldd", [process.execPath])).output.match(/\/\S+/g) ?? [];
    const folders = [...new Set([process.execPath, ...libraries].map(dirname))];
    const id = await docker(
      ...["run", "--detach", "--init", "--name", `agatha-${this.stack}-${randomBytes(3).toString("hex")}`],
      ...[...this.labels, "--network", this.network, "--restart", "always"],
      ...folders.flatMap((folder) => ["--volume", `${folder}:${folder}:ro`]),
      ...["--volume", `${resolve("test/support/gatewayServer.ts")}:/app/server.ts:ro`],
      ...Object.entries(env).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
      ...["--health-cmd", `agatha-probe ${probe}`, "--health-interval", "1h"],
      ...["--entrypoint", process.execPath, this.image, "/app/server.ts"],
    );
    const answer = `fetch("http://127.0.0.1:${env["PORT"] ?? 8000}/").then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`;
    const ready = async () => (await this.inside(id, answer)).code === 0;
    await until("the service is not ready", ready, 60_000).catch(async (error) => {
      throw new Error(await docker("logs", id), { cause: error });
    });
    return id.slice(0, 12);
  }

  /** Runs JavaScript in a service's container. */
  inside = (container: string, script: string) =>
    execute("docker", ["exec", container, process.execPath, "--input-type=module", "--eval", script]);

  route = (container: string) => route(this.gateway, "back", container);

  /** How often docker started the gateway again. */
  restarts = async () => Number(await docker("inspect", "--format", "{{.RestartCount}}", this.gateway));

  log = (container = this.gateway) => docker("logs", container);

  /** The ports that the gateway listens on for others. */
  async listening(): Promise<number[]> {
    const { output } = await execute("nsenter", [
      ...["--target", await docker("inspect", "--format", "{{.State.Pid}}", this.gateway), "--net"],
      ...["cat", "/proc/net/tcp", "/proc/net/tcp6"],
    ]);
    const LISTEN = "0A";
    // Docker's own DNS server listens on 127.0.0.11.
    const ports = [...output.matchAll(/^ *\d+: (\w+):(\w{4}) \S+ (\w\w) /gm)]
      .filter(([, address = "", , state]) => state === LISTEN && !address.endsWith("7F"))
      .map(([, , port = ""]) => Number.parseInt(port, 16));
    return [...new Set(ports)].sort((a, b) => a - b);
  }

  async remove(): Promise<void> {
    const own = ["--filter", `label=agatha.stack=${this.stack}`, "--quiet"];
    for (const kind of ["container", "network"] as const)
      for (const id of await dockerLines(kind, "ls", ...(kind === "container" ? ["--all"] : []), ...own))
        await docker(...removal(kind, id));
    await restoreImages(dockerLines, this.imagesBefore, [this.stack]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
