/** The gateway, which alone is reached from outside. */
import { readFileSync, rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { siteCertificate } from "../support/certificates.ts";
import { only, type Registered } from "../support/recorder.ts";
import { COMMAND, containerOf, custom, hash, program } from "../support/stackProgram.ts";

// Some run the program several times, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const configurationOf = (registered: Registered[]): string => {
  const { stdin } = only(registered, COMMAND, "gateway-files");
  const [file] = JSON.parse((stdin as { value: string }).value) as { path: string; content: string }[];
  expect(file?.path).toBe("/etc/haproxy/haproxy.cfg");
  return Buffer.from(file?.content ?? "", "base64").toString();
};

describe("the gateway", () => {
  it("publishes the back and the front on 127.0.0.1, and nothing else publishes anything", async () => {
    const { registered } = await program();
    expect(containerOf(registered, "gateway")["ports"]).toEqual([
      { internal: 8441, external: 8000, ip: "127.0.0.1" },
      { internal: 8442, external: 5173, ip: "127.0.0.1" },
    ]);
    for (const service of ["back", "front", "db"])
      expect(containerOf(registered, service)["ports"]).toEqual([]);
  });

  it("publishes only what the configuration says", async () => {
    const { registered } = await program({
      "agatha:back": '{"publish":false}',
      "agatha:front": '{"publish":{"address":"0.0.0.0","port":5200}}',
    });
    expect(containerOf(registered, "gateway")["ports"]).toEqual([
      { internal: 8442, external: 5200, ip: "0.0.0.0" },
    ]);
  });

  it("bears the names of the back and the front in the network", async () => {
    const { registered } = await program();
    expect(containerOf(registered, "gateway")["networksAdvanced"]).toEqual([
      { name: "agatha-dev-network", aliases: ["agatha-back", "agatha-front"] },
    ]);
  });

  it("keeps its routes in a volume of its own, and its configuration in another one", async () => {
    const { registered } = await program();
    expect(only(registered, "docker:index/volume:Volume", "gateway-data")["name"]).toBe(
      "agatha-dev-gateway-data",
    );
    expect(containerOf(registered, "gateway")["volumes"]).toContainEqual({
      volumeName: "agatha-dev-gateway-data",
      containerPath: "/var/lib/agatha",
    });
    expect(configurationOf(registered)).toContain("backend back\n");
  });

  it("comes after the services, whose containers may have its ports in a stack of before", async () => {
    const { requests } = await program();
    expect(requests["agatha:index:DockerService gateway"]).toMatchObject({
      dependsOn: [`${COMMAND} gateway-room`],
    });
    expect(requests[`${COMMAND} gateway-room`]).toMatchObject({
      dependsOn: expect.arrayContaining([`${COMMAND} front-healthy`]) as unknown,
      // It is needed once.
      ignoreChanges: ["environment", "stdin"],
    });
  });

  it("stays as it is with another back and another front", async () => {
    const before = (await program()).requests;
    const { requests } = await program({
      "agatha:back": JSON.stringify({ pin: hash("a") }),
      "agatha:front": JSON.stringify({ pin: hash("a") }),
    });
    for (const name of [
      `${COMMAND} gateway-files`,
      `${COMMAND} gateway-healthy`,
      "docker:index/container:Container gateway-container",
    ])
      expect(requests[name], name).toEqual(before[name]);
  });
});

describe("a gateway with a domain", () => {
  let folder: string;
  let gateway: Record<string, string>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "agatha-site-"));
    const files = siteCertificate(folder, "app.example.org");
    gateway = {
      domain: "app.example.org",
      certificate: readFileSync(files.certificate, "utf8"),
      key: readFileSync(files.key, "utf8"),
    };
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  afterEach(() => vi.unstubAllEnvs());

  const site = (more: object = {}) => {
    // As the engine tells it of a key that was set by --secret.
    vi.stubEnv("PULUMI_CONFIG_SECRET_KEYS", '["agatha:gateway"]');
    return program({ "agatha:gateway": JSON.stringify({ ...gateway, ...more }) });
  };

  it("publishes it on every address, beside the other ports", async () => {
    const { registered } = await site();
    expect(containerOf(registered, "gateway")["ports"]).toEqual([
      { internal: 8441, external: 8000, ip: "127.0.0.1" },
      { internal: 8442, external: 5173, ip: "127.0.0.1" },
      { internal: 8444, external: 443, ip: "0.0.0.0" },
      { internal: 8443, external: 80, ip: "0.0.0.0" },
    ]);
  });

  it("hands certificate and key over as one secret by standard input", async () => {
    const { registered, requests } = await site();
    const { stdin, environment } = only(registered, COMMAND, "gateway-certificate");
    expect((stdin as { value: string }).value).toBe(`${gateway["certificate"]}${gateway["key"]}`);
    expect(environment).toMatchObject({ CONTAINER: "agatha-dev-gateway", VOLUME: "agatha-dev-gateway-data" });
    expect(requests[`${COMMAND} gateway-certificate`]).toMatchObject({
      additionalSecretOutputs: ["stdout", "stderr"],
      inputs: { logging: "none" },
    });
    // What tries the configuration before the ports are given up needs them too.
    expect(requests[`${COMMAND} gateway-room`]).toMatchObject({
      dependsOn: expect.arrayContaining([`${COMMAND} gateway-certificate`]) as unknown,
    });
  });

  it("has its key in no other input of any resource", async () => {
    const { requests } = await site();
    const part = gateway["key"]?.split("\n")[1] ?? "";
    expect(part).toHaveLength(64);
    const isHeldBy = (inputs: unknown) => JSON.stringify(inputs).includes(part);
    const plainInputs = JSON.stringify(requests, (key, inner: unknown) => (key === "secret" ? "" : inner));
    const files = plainInputs.match(/[A-Za-z0-9+/=]{12,}/g) ?? [];
    expect(
      [plainInputs, ...files.map((word) => Buffer.from(word, "base64").toString())].filter(isHeldBy),
    ).toEqual([]);
    const holders = Object.entries(requests).filter(([, request]) => isHeldBy(request));
    expect(holders.map(([name]) => name)).toEqual([`${COMMAND} gateway-certificate`]);
  });

  it("takes another certificate without being made again", async () => {
    const before = (await site()).requests;
    const files = siteCertificate(join(folder, "next"), "app.example.org");
    const next = {
      certificate: readFileSync(files.certificate, "utf8"),
      key: readFileSync(files.key, "utf8"),
    };
    const { requests } = await site(next);
    const changed = Object.keys(requests).filter(
      (name) => JSON.stringify(requests[name]) !== JSON.stringify(before[name]),
    );
    expect(changed).toEqual([`${COMMAND} gateway-certificate`]);
  });

  it("has one resource more than one without", async () => {
    const names = custom((await site()).registered);
    const plain = custom((await program()).registered);
    expect(names.filter((name) => !plain.includes(name))).toEqual([`${COMMAND} gateway-certificate`]);
  });
});
