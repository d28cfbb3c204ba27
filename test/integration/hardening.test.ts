/** What a service can do: from inside its container, from another stack's, and from the network. */
import { createConnection } from "node:net";
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gatewayPorts } from "../../lib/gateway/configuration.ts";
import { SERVICES, type ServiceName } from "../../lib/serviceNames.ts";
import { execute, Scratch } from "../support/scratch.ts";

let scratch: Scratch;

beforeAll(async () => {
  scratch = await Scratch.make();
  // Includes a file outside the service's own folder.
  scratch.back({ files: { "/home/conf/a.txt": { text: "a" }, "/etc/agatha/b.txt": { text: "b" } } });
  await scratch.upWell();
});
afterAll(() => scratch?.remove());

/** The images of front and gateway have bash only for their scripts. */
async function bashOf(service: ServiceName): Promise<string> {
  if (service === "db" || service === "back") return "/bin/bash";
  const script = `${await scratch.container(service)}:/bin/agatha-liveness`;
  const { output } = await execute("docker", ["cp", "-L", script, "-"]);
  return /#!(\S+)/.exec(output)?.[1] ?? "no bash in agatha-liveness";
}

/** Runs a bash script in a service's container, as its user. */
async function inside(service: ServiceName, script: string) {
  return execute("docker", ["exec", await scratch.container(service), await bashOf(service), "-c", script]);
}

async function insideWell(service: ServiceName, script: string): Promise<string> {
  const { code, output } = await inside(service, script);
  expect(code, output).toBe(0);
  return output;
}

describe.each(SERVICES)("inside %s", (service) => {
  const uid = service === "db" ? "999" : "65534";

  it("every process runs as its user, without capabilities, and cannot gain any", async () => {
    const statuses = await insideWell(service, 'for f in /proc/[0-9]*/status; do echo "$(< $f)"; echo; done');
    const processes = statuses
      .split(/\n\n+/)
      // Docker's own, until it becomes a probe.
      .filter((status) => /^Pid:/m.test(status) && !/^Name:\s+runc:/m.test(status));
    // docker-init, the service, and this bash.
    expect(processes.length).toBeGreaterThanOrEqual(3);
    for (const status of processes) {
      const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1];
      expect([field("Uid"), field("Gid")]).toEqual(Array(2).fill(Array(4).fill(uid).join("\t")));
      for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
        expect(field(set), `${set} of ${field("Name")}`).toBe("0000000000000000");
      expect([field("NoNewPrivs"), field("Seccomp")]).toEqual(["1", "2"]);
    }
  });

  it("only its volumes and its tmpfs are writable", async () => {
    const lines = (await insideWell(service, 'echo "$(< /proc/self/mountinfo)"')).trim().split("\n");
    const mounts = lines
      .map((line) => line.split(" "))
      .map(([, , , , point = "", options = ""]) => ({ point, options }));
    expect(mounts.find(({ point }) => point === "/")?.options).toMatch(/^ro,/);
    const kernels = /^\/(proc|sys|dev)(\/|$)/;
    // Docker's own, with root's permissions.
    const dockers = ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf"];
    const writable = mounts
      .filter(({ point, options }) => /^rw/.test(options) && !kernels.test(point) && !dockers.includes(point))
      .map(({ point }) => point);
    const expected: Record<ServiceName, string[]> = {
      db: ["/tmp", "/var/lib/postgresql/data", "/var/run/postgresql"],
      back: ["/etc/agatha", "/home", "/run/agatha", "/tmp"],
      front: ["/overlay", "/run/agatha"],
      gateway: ["/etc/haproxy", "/run/agatha", "/var/lib/agatha"],
    };
    expect(writable.sort()).toEqual(expected[service]);
    for (const folder of ["/", "/bin", "/etc", "/var", "/home", "/overlay"]) {
      const { code, output } = await inside(service, `echo x > ${folder}/intruder`);
      expect(code, folder).not.toBe(0);
      expect(output).toMatch(/Read-only file system|Permission denied|No such file or directory/);
    }
  });

  it("memory, processors and processes are limited, also after a restart by docker", async () => {
    const limits = async () => {
      const read = (file: string) =>
        insideWell(service, `for f in ${file}; do [ ! -e $f ] || echo "$(< $f)"; done`);
      const cgroup = "/sys/fs/cgroup";
      const memory = await read(`${cgroup}/memory.max ${cgroup}/memory/memory.limit_in_bytes`);
      const processes = await read(`${cgroup}/pids.max ${cgroup}/pids/pids.max`);
      // v2 has quota and period in one file, v1 in two.
      const cpus = await read(
        `${cgroup}/cpu.max ${cgroup}/cpu/cpu.cfs_quota_us ${cgroup}/cpu/cpu.cfs_period_us`,
      );
      const [quota = 0, period = 1] = cpus.trim().split(/\s+/).map(Number);
      return [Number(memory) / 1024 / 1024, Number(processes), quota / period];
    };
    const expected = { db: [512, 256, 2], back: [512, 512, 2], front: [128, 64, 1], gateway: [128, 64, 1] }[
      service
    ];
    expect(await limits()).toEqual(expected);
    if (service !== "front") return;
    await scratch.docker("restart", await scratch.container(service));
    expect(await limits()).toEqual(expected);
  });

  it("there is no docker socket, and its log is rotated", async () => {
    expect((await inside(service, "[ -e /var/run/docker.sock ] || [ -e /run/docker.sock ]")).code).toBe(1);
    const { HostConfig: host } = JSON.parse(
      (await scratch.docker("inspect", "--format", "{{json .}}", await scratch.container(service)))[0] ?? "",
    ) as { HostConfig: { Binds: string[]; LogConfig: object } };
    expect(JSON.stringify(host.Binds)).not.toContain("docker.sock");
    expect(host.LogConfig).toEqual({ Type: "json-file", Config: { "max-file": "3", "max-size": "10m" } });
  });
});

it("the image's files beside a configured file are still there", async () => {
  const text = (path: string) => insideWell("back", `echo "$(< ${path})"`);
  expect(await text("/home/conf/a.txt")).toBe("a\n");
  expect(await text("/etc/agatha/b.txt")).toBe("b\n");
  expect(await text("/etc/nsswitch.conf")).toContain("hosts: files dns");
});

it("the gateway takes commands only on a socket in its tmpfs, and listens on nothing but its services' ports", async () => {
  const sockets = await insideWell(
    "gateway",
    'echo "$(< /proc/net/unix)"; for f in /proc/net/tcp*; do echo "$(< $f)"; done',
  );
  const paths = [...sockets.matchAll(/ (\/\S+)$/gm)].map(([, path]) => path);
  // The name that HAProxy binds before it renames the socket.
  expect(paths.filter((path) => !/^\/run\/agatha\/admin\.sock\.\d+\.tmp$/.test(path ?? ""))).toEqual([]);
  expect(paths).not.toEqual([]);
  // State 0A is LISTEN. Docker's DNS has ports on 127.0.0.11.
  const listening = [...sockets.matchAll(/^ *\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ 0A /gm)]
    .filter(([, address]) => address !== "0B00007F")
    .map(([, , port = ""]) => Number.parseInt(port, 16));
  const { back, front } = gatewayPorts({ back: { port: 8000 }, front: { port: 5173 } });
  expect([...new Set(listening)].sort()).toEqual([5173, 8000, back, front]);
});

describe("from another stack", () => {
  /** A container of the database's image, which has psql, in a network. */
  const from = (network: string, script: string) =>
    execute("docker", [
      // As process 1 it would ignore the signal of a timeout.
      ...["run", "--rm", "--init", "--label", `agatha.stack=${scratch.stack}`, "--network", network],
      ...["--user", "999:999", "--env", "PGCONNECT_TIMEOUT=3", "--entrypoint", "/bin/bash"],
      ...[image, "-c", script],
    ]);
  const own = () => `agatha-${scratch.stack}-network`;
  const other = () => `agatha-${scratch.stack}-other`;
  let image = "";
  const address: Record<string, string> = {};

  beforeAll(async () => {
    image =
      (await scratch.docker("inspect", "--format", "{{.Config.Image}}", await scratch.container("db")))[0] ??
      "";
    await scratch.docker("network", "create", "--label", `agatha.stack=${scratch.stack}`, other());
    for (const service of SERVICES) {
      const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
      address[service] =
        (await scratch.docker("inspect", "--format", format, await scratch.container(service)))[0] ?? "";
    }
  });
  afterAll(() => execute("docker", ["network", "rm", other()]));

  /** PostgreSQL answers even the wrong password; any HTTP answer to the probe's own request counts. */
  const reaches = {
    db: (host: string) =>
      `psql -h ${host} -U nobody -d postgres -c 'select 1' 2>&1 | grep -q 'authentication failed\\|no password'`,
    back: (host: string) => tcp(host, 8000),
    front: (host: string) => tcp(host, 5173),
    gateway: (host: string) => tcp(host, 8000),
  };
  const tcp = (host: string, port: number) =>
    `busybox timeout 3 bash -c 'exec 3<> /dev/tcp/${host}/${port} && printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3 && read -u 3 line && [[ $line = HTTP* ]]'`;

  it.each(SERVICES)("%s cannot be reached, by its names or by its address", async (service) => {
    const hosts = [`agatha-${service}`, await scratch.container(service), address[service] ?? ""];
    for (const host of hosts) {
      // The same works inside the stack's own network, so the network makes the difference.
      expect((await from(own(), reaches[service](host))).code, `${host} from its own network`).toBe(0);
      expect((await from(other(), reaches[service](host))).code, `${host} from another network`).not.toBe(0);
    }
  });

  it("published ports cannot be reached at the host's address in that network", async () => {
    const format = "{{(index .IPAM.Config 0).Gateway}}";
    const [gateway = ""] = await scratch.docker("network", "inspect", "--format", format, other());
    expect(gateway).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    for (const port of [scratch.backPort, scratch.frontPort])
      expect((await from(other(), tcp(gateway, port))).code).not.toBe(0);
  });
});

describe("from the network", () => {
  const connects = (host: string, port: number) =>
    new Promise<boolean>((resolve) => {
      const socket = createConnection({ host, port, timeout: 2000 });
      const end = (answer: boolean) => {
        socket.destroy();
        resolve(answer);
      };
      socket.on("connect", () => end(true));
      for (const event of ["error", "timeout"]) socket.on(event, () => end(false));
    });

  it("back and front are reached only on this host", async () => {
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, family }) => !internal && family === "IPv4");
    expect(outside.length).toBeGreaterThan(0);
    for (const port of [scratch.backPort, scratch.frontPort]) {
      expect(await connects("127.0.0.1", port)).toBe(true);
      for (const { address } of outside) expect(await connects(address, port), address).toBe(false);
    }
  });

  it("the database is not published at all", async () => {
    const format = "{{json .HostConfig.PortBindings}}";
    const [bindings] = await scratch.docker("inspect", "--format", format, await scratch.container("db"));
    expect(bindings).toMatch(/^(\{\}|null)$/);
  });
});
