/** The gateway's image on docker, as a service runs it: conversations with HAProxy, its state, and its end. */
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { imageFrom } from "../../lib/images/report/archive.ts";
import { certificates } from "../support/certificates.ts";
import { execute } from "../support/host.ts";

const name = `test-${process.env["AGATHA_TEST_RUN"] ?? "hand"}-${randomBytes(3).toString("hex")}`;
const folder = mkdtempSync(join(tmpdir(), "agatha-gateway-"));
const containers: string[] = [];
let ref: string;
let loaded = false;

const CONFIGURATION = `
global
  log stdout format raw local0
  stats socket /run/agatha/admin.sock mode 600 level admin
  server-state-file /var/lib/agatha/servers
defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 10s
  load-server-state-from-file global
resolvers docker
  nameserver docker 127.0.0.11:53
frontend front
  bind :8443 ssl crt /etc/haproxy/site.pem
  default_backend back
backend back
  server blue nothing:8000 check resolvers docker init-addr none disabled
  server green nothing:8000 check resolvers docker init-addr none disabled
`;

const docker = async (...args: string[]): Promise<string> => {
  const { code, output } = await execute("docker", args);
  if (code !== 0) throw new Error(`docker ${args.join(" ")}: ${output}`);
  return output.trim();
};

/** Starts a container as a service's. @returns Its name. */
async function start(...more: string[]): Promise<string> {
  const container = `${name}-${containers.length}`;
  containers.push(container);
  const hard = ["--init", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"];
  const files = ["--tmpfs", "/run/agatha", "--volume", `${join(folder, "conf")}:/etc/haproxy:ro`];
  await docker("run", "--detach", "--name", container, ...hard, ...files, ...more, ref);
  return container;
}

/** Runs the gateway's program in a container, and hands it a text. */
function gateway(container: string, command: string, input = "") {
  const args = ["exec", "--interactive", container, "/bin/agatha-gateway", command];
  const { status, stdout, stderr } = spawnSync("docker", args, { input, encoding: "utf8" });
  return { code: status, stdout, stderr };
}
const ask = (container: string, ...commands: string[]) =>
  gateway(container, "ask", `${commands.join("\n")}\n`);

/** Waits until HAProxy answers. */
const answers = (container: string) =>
  vi.waitFor(() => expect(gateway(container, "alive")).toMatchObject({ code: 0 }), { timeout: 30_000 });

/** The state of the slots: name, what it is told to be, container. */
const slots = (container: string) =>
  ask(container, "show servers state back")
    .stdout.split("\n")
    .filter((line) => /^\d+ back /.test(line))
    .map((line) => line.split(" "))
    .map((fields) => [fields[3], fields[6], fields[17]]);

beforeAll(async () => {
  const conf = join(folder, "conf");
  mkdirSync(conf);
  chmodSync(folder, 0o755);
  certificates(join(folder, "certificates"), "127.0.0.1");
  writeFileSync(join(conf, "haproxy.cfg"), CONFIGURATION);
  writeFileSync(join(conf, "site.pem"), pem("server.pem", "server-key.pem"));
  const image = join(folder, "image");
  const built = await execute("nix-build", ["nix", "-A", "gateway-image", "--out-link", image]);
  expect(built.code, built.output).toBe(0);
  ({ ref } = await imageFrom(image));
  loaded = (await execute("docker", ["image", "inspect", ref])).code !== 0;
  if (loaded) expect((await execute("sh", ["-c", '"$0" | docker load', image])).code).toBe(0);
});

afterAll(async () => {
  if (containers.length > 0) await execute("docker", ["rm", "--force", "--volumes", ...containers]);
  await execute("docker", ["volume", "rm", "--force", name]);
  if (loaded) await execute("docker", ["image", "rm", ref]);
  rmSync(folder, { recursive: true });
});

/** A certificate with its key, as HAProxy reads them. */
const pem = (...files: string[]) =>
  files.map((file) => readFileSync(join(folder, "certificates", file), "utf8")).join("");

it("is at most 40 MB", async () => {
  expect(Number(await docker("image", "inspect", "--format", "{{.Size}}", ref))).toBeLessThanOrEqual(40e6);
});

it("serves as nobody, read-only and without capabilities, and answers commands in their order", async () => {
  const container = await start();
  await answers(container);
  const users = (await docker("top", container, "-eo", "pid,uid")).split("\n").slice(1);
  expect(users.map((line) => line.trim().split(/\s+/)[1])).toEqual(users.map(() => "65534"));
  expect(ask(container, "set server back/blue fqdn one", "nonsense", "", "show version")).toEqual({
    code: 0,
    stdout: expect.stringMatching(
      /^back\/blue changed its FQDN from nothing to one .*\n\nUnknown command.*\n\n[\d.]+\S*\n\n$/s,
    ) as string,
    stderr: "",
  });
  expect(ask(container)).toEqual({ code: 0, stdout: "", stderr: "" });
});

it("takes a certificate over several lines, between other commands", async () => {
  const container = await start();
  await answers(container);
  const path = "/etc/haproxy/site.pem";
  const subject = () => /^Subject: (.*)$/m.exec(ask(container, `show ssl cert ${path}`).stdout)?.[1];
  expect(subject()).toBe("/CN=server");
  const { stdout } = ask(
    container,
    "show version",
    `set ssl cert ${path} <<`,
    pem("cert.pem", "key.pem"),
    `commit ssl cert ${path}`,
    "show version",
  );
  expect(stdout).toMatch(/^[\d.]+\S*\n\nTransaction created .*\n\nCommitting .*Success!\n\n+[\d.]+\S*\n\n$/s);
  expect(subject()).toBe("/CN=cert");
});

it("has its routes again after it was killed or started anew", async () => {
  const container = await start("--volume", `${name}:/var/lib/agatha`);
  await answers(container);
  ask(container, "set server back/blue fqdn one", "set server back/blue state ready");
  ask(container, "set server back/green fqdn two", "set server back/green state drain");
  const before = slots(container);
  expect(before).toEqual([
    ["blue", expect.any(String), "one"],
    ["green", expect.any(String), "two"],
  ]);
  expect(gateway(container, "save")).toEqual({ code: 0, stdout: "", stderr: "" });
  ask(container, "set server back/blue fqdn never-saved");
  await docker("kill", container);
  await docker("start", container);
  await answers(container);
  expect(slots(container)).toEqual(before);
  await docker("restart", "--time", "5", container);
  await answers(container);
  expect(slots(container)).toEqual(before);
});

it("says why its state cannot be saved", async () => {
  const container = await start();
  await answers(container);
  expect(gateway(container, "save")).toEqual({
    code: 1,
    stdout: "",
    stderr:
      "agatha-gateway: /var/lib/agatha/servers cannot be written. See that its volume has room, and is writable for this user.\n",
  });
});

it("that hangs is no longer alive, and liveness brings it back", async () => {
  const container = await start("--restart", "unless-stopped");
  await answers(container);
  const probed = () =>
    execute("docker", ["exec", container, "/bin/agatha-liveness", "1", "0", "/bin/agatha-gateway", "alive"]);
  expect(await probed()).toEqual({ code: 0, output: "" });
  const script = execFileSync("docker", ["cp", "--follow-link", `${container}:/bin/agatha-gateway`, "-"]);
  const [, bash = ""] = /#!(\S+)/.exec(script.toString()) ?? [];
  // Every process but this one and the init.
  await docker("exec", container, bash, "-c", "kill -STOP -1");
  const limit = performance.now() + 8000;
  expect(gateway(container, "alive")).toEqual({
    code: 1,
    stdout: "",
    stderr:
      "agatha-gateway: HAProxy does not answer on /run/agatha/admin.sock within 5 s. See the gateway's log.\n",
  });
  expect(performance.now()).toBeLessThan(limit);
  expect((await probed()).output).toContain("1 probes in a row failed: ending the service");
  await vi.waitFor(
    async () => expect(await docker("inspect", "--format", "{{.RestartCount}}", container)).toBe("1"),
    { timeout: 30_000 },
  );
  await answers(container);
});

it("is called wrongly with an error", async () => {
  const container = await start();
  expect(gateway(container, "reload")).toEqual({
    code: 2,
    stdout: "",
    stderr: 'agatha-gateway: "reload" is none of its commands. Give run, check, ask, save or alive.\n',
  });
});
