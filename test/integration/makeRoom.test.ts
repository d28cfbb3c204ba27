/** A stack of before gives its ports to the gateway: only to one that can start. */
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { ofStack, removal } from "../../lib/docker/arguments.ts";
import { type GatewayPlan, gatewayConfiguration } from "../../lib/gateway/configuration.ts";
import { makeRoom, type Room } from "../../lib/gateway/makeRoom.ts";
import { execute, freePort } from "../support/host.ts";
import { ourImages, restoreImages } from "../support/ourImages.ts";

const PREFIX = `test-${process.env["AGATHA_TEST_RUN"] ?? "hand"}-`;
const stack = `${PREFIX}${randomBytes(3).toString("hex")}`;
const volume = `agatha-${stack}-gateway-data`;
const folder = mkdtempSync(join(tmpdir(), `agatha-${PREFIX}`));

/** What a back and a front of before answer. */
const BEFORE = `defaults
  mode http
  timeout client 5s
frontend before
  bind :8000
  http-request return status 200
`;

const health = { path: "/", statuses: [200], interval: "5s" };
const PLAN: GatewayPlan = {
  back: { port: 8000, health },
  front: { port: 5173, health },
  requestLimit: 1,
  memory: 128,
  site: undefined,
};

let image = "";
let imagesBefore = new Map<string, string>();
let ports: number[] = [];

const docker = async (...args: string[]): Promise<string[]> => {
  const { code, output } = await execute("docker", args);
  if (code !== 0) throw new Error(`docker ${args.join(" ")}: ${output}`);
  return output.split("\n").filter(Boolean);
};

const containers = (format: string) =>
  docker("container", "ls", "--all", "--no-trunc", ...ofStack(stack), "--format", format);

async function removeAll(): Promise<void> {
  const all = await containers("{{.ID}}");
  if (all.length > 0) await docker(...removal("container", ...all));
}

beforeAll(async () => {
  imagesBefore = await ourImages(docker);
  const link = join(folder, "image");
  const args = ["nix", "--argstr", "packages", "debian", "-A", "gateway-image", "--out-link", link];
  const built = await execute("nix-build", args);
  expect(built.code, built.output).toBe(0);
  const { output } = await execute("sh", ["-c", `${link} | docker load`]);
  image = /Loaded image: (\S+)/.exec(output)?.[1] ?? "";
  // The container's user is another one.
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, "haproxy.cfg"), BEFORE);
});
beforeEach(async () => {
  ports = [await freePort(), await freePort()];
  for (const [index, service] of ["back", "front"].entries())
    await docker(
      ...["run", "--detach", "--restart", "always", "--stop-signal", "SIGUSR1", "--name"],
      ...[`agatha-${stack}-${service}`, "--label", `agatha.stack=${stack}`],
      ...["--label", `agatha.service=${service}`, "--publish", `127.0.0.1:${ports[index]}:8000`],
      ...["--volume", `${folder}:/etc/haproxy:ro`, image],
    );
  await expectServed();
});
afterEach(removeAll);
afterAll(async () => {
  await removeAll();
  await docker(...removal("volume", volume));
  await restoreImages(docker, imagesBefore, [stack]);
  rmSync(folder, { recursive: true });
});

const expectServed = async (): Promise<void> => {
  for (const port of ports)
    await expect.poll(async () => (await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
};

const states = () => containers("{{.Names}} {{.State}}");

/** When each was started last. */
const starts = async () =>
  docker("inspect", "--format", "{{.State.StartedAt}}", ...(await containers("{{.ID}}")));

const room = (plan: GatewayPlan, more: number[] = []): Room => ({
  ...{ stack, image, volume: `${volume}:/var/lib/agatha` },
  ports: [...ports, ...more].map((port, index) => `127.0.0.1:${port}:844${index + 1}`),
  files: [
    {
      path: "/etc/haproxy/haproxy.cfg",
      content: Buffer.from(gatewayConfiguration(plan)).toString("base64"),
      mode: "0444",
    },
  ],
});

it("stops what has the ports, and then finds nothing to do", async () => {
  expect(await makeRoom(room(PLAN))).toBe("the back and the front have given their ports to the gateway");
  expect((await states()).sort()).toEqual([`agatha-${stack}-back exited`, `agatha-${stack}-front exited`]);
  expect(await makeRoom(room(PLAN))).toBe("the gateway's ports are free");
});

it.each([
  ["configuration", { ...PLAN, requestLimit: Number.NaN }],
  // There is none in the volume.
  ["certificate", { ...PLAN, site: { domain: "app.test", backPaths: ["/api"] } }],
])("stops nothing for a gateway whose %s is refused", async (_, plan) => {
  const before = await starts();
  await expect(makeRoom(room(plan))).rejects.toThrow(
    /^agatha-gateway: cannot take the ports of the back and the front, which serve as before\. .*\[ALERT\]/s,
  );
  expect(await starts()).toEqual(before);
  await expectServed();
});

it("starts what it stopped again if another program has one of the ports", async () => {
  const taken = await freePort();
  const server = createServer().listen(taken, "127.0.0.1");
  const before = await starts();
  try {
    await expect(makeRoom(room(PLAN, [taken]))).rejects.toThrow(
      new RegExp(`which serve again as before\\. .*${taken}`, "s"),
    );
  } finally {
    server.close();
  }
  const after = await starts();
  expect(after).toHaveLength(before.length);
  expect(after).not.toEqual(before);
  await expectServed();
});
