import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { reachedAt, resolveDockerHost, unreached } from "../../../lib/docker/host.ts";
import { fake } from "../../support/programs.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-docker-"));
writeFileSync(join(folder, "config.json"), '{"currentContext":"chosen"}');
/** A context with TLS, as docker describes it. */
const TLS = {
  Endpoints: { docker: { Host: "tcp://host:2376", SkipTLSVerify: false } },
  TLSMaterial: { docker: ["ca.pem", "cert.pem", "key.pem"] },
  Storage: { TLSPath: "/home/me/.docker/contexts/tls/abc" },
};
beforeAll(() => {
  const { PATH } = fake(folder, "docker", [
    `case "$5" in`,
    `  tls) echo '${JSON.stringify(TLS)}' ;;`,
    `  gone) exit 1 ;;`,
    `  *) echo '{"Endpoints":{"docker":{"Host":"ssh://'"$5"'"}},"TLSMaterial":{},"Storage":{"TLSPath":"/x"}}' ;;`,
    `esac`,
  ]);
  vi.stubEnv("PATH", PATH);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const resolve = (configured?: string, env: NodeJS.ProcessEnv = {}) =>
  resolveDockerHost(configured, { DOCKER_CONFIG: "/nowhere", ...env });
const address = async (configured?: string, env?: NodeJS.ProcessEnv) =>
  (await resolve(configured, env)).address;

describe("the docker host", () => {
  it("is the configured one before all others, for commands too", async () => {
    const env = { DOCKER_HOST: "tcp://other:2375", DOCKER_CONTEXT: "named" };
    const host = await resolve("ssh://user@host", env);
    expect(host).toEqual({
      address: "ssh://user@host",
      env: { DOCKER_HOST: "ssh://user@host" },
      provider: { host: "ssh://user@host", context: "", certPath: "" },
    });
  });

  it("is DOCKER_HOST, then DOCKER_CONTEXT, then the chosen context, then docker's default", async () => {
    const chosen = { DOCKER_CONFIG: folder };
    const named = { ...chosen, DOCKER_CONTEXT: "named" };
    expect(await address(undefined, { ...named, DOCKER_HOST: "unix:///x" })).toBe("unix:///x");
    expect(await address(undefined, named)).toBe("ssh://named");
    expect(await address(undefined, chosen)).toBe("ssh://chosen");
    expect(await address()).toBe("unix:///var/run/docker.sock");
    expect(await address(undefined, { ...chosen, DOCKER_CONTEXT: "default" })).toBe(
      "unix:///var/run/docker.sock",
    );
  });

  it("is not set for commands that have it in their environment", async () => {
    expect((await resolve(undefined, { DOCKER_HOST: "ssh://user@host" })).env).toEqual({});
    expect((await resolve(undefined, { DOCKER_CONTEXT: "named" })).env).toEqual({});
  });
});

it("the provider gets no host if nobody named one, but gets the default if it is configured", async () => {
  const plain = { context: "", certPath: "" };
  const host = "unix:///var/run/docker.sock";
  expect((await resolve()).provider).toEqual(plain);
  expect((await resolve(undefined, { DOCKER_HOST: host })).provider).toEqual(plain);
  expect((await resolve(host)).provider).toEqual({ ...plain, host });
});

describe("TLS", () => {
  const host = "tcp://host:2376";

  it("is found by the provider if the environment names its folder", async () => {
    const env = { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/certs" };
    expect((await resolve(host, env)).provider).toEqual({ host, context: "" });
  });

  it("is in docker's own folder by default", async () => {
    const { provider } = await resolve(host, { DOCKER_TLS_VERIFY: "1" });
    expect(provider.certPath).toBe("/nowhere");
  });

  it("is a context's, whose certificates are where docker keeps them", async () => {
    const { provider } = await resolve(undefined, { DOCKER_CONTEXT: "tls" });
    expect(provider).toEqual({
      host,
      context: "",
      certPath: "/home/me/.docker/contexts/tls/abc/docker",
    });
    const plain = await resolve(undefined, { DOCKER_CONTEXT: "named" });
    expect(plain.provider).toEqual({ host: "ssh://named", context: "", certPath: "" });
  });

  it("is refused if it is incomplete, which the client and the provider read differently", async () => {
    await expect(resolve(host, { DOCKER_CERT_PATH: "/certs" })).rejects.toThrow(
      'DOCKER_CERT_PATH: "/certs" is given without DOCKER_TLS_VERIFY. Set DOCKER_TLS_VERIFY=1 too, or neither.',
    );
  });

  it("has nothing to do with ssh and unix", async () => {
    const env = { DOCKER_CERT_PATH: "/certs" };
    for (const other of ["ssh://host", "unix:///x"])
      expect((await resolve(other, env)).provider.certPath).toBe("");
  });
});

it("a context that docker does not know is refused", async () => {
  await expect(resolve(undefined, { DOCKER_CONTEXT: "gone" })).rejects.toThrow(
    'docker: "gone" is not a context that docker knows.',
  );
});

it.each([
  ["unix:///var/run/docker.sock", "localhost"],
  ["ssh://user@host.example:2222", "host.example"],
  ["ssh://user@10.0.0.1", "10.0.0.1"],
  ["tcp://[fd00::1]:2376", "[fd00::1]"],
])("what %s publishes on every address is reached at %s", (address, name) => {
  expect(reachedAt({ address })).toBe(name);
});

describe("if the host does not answer, the provider of a preview", () => {
  it.each(["unix:///var/run/docker.sock", "tcp://host:2376"])(
    "is told one that the official plugin does not ping, and the preview says so: %s",
    async (address) => {
      const host = await resolve(address);
      expect(unreached(host)).toEqual({
        provider: { host: "ssh://not-reached.invalid", context: "", certPath: "" },
        ignoreChanges: [],
        note: 'This preview is made without it, and shows the host ssh://not-reached.invalid of the provider "docker": no update does that.',
      });
    },
  );

  it("stays as it is in the state if that is behind ssh, which it does not ping", async () => {
    const host = await resolve("ssh://user@host");
    expect(unreached(host)).toEqual({
      provider: host.provider,
      ignoreChanges: ["host", "context", "certPath"],
      note: "This preview is made without it.",
    });
  });
});
