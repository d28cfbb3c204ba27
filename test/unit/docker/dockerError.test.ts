import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { dockerError, remoteHost } from "../../../lib/docker/client.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

const error = (stderr: string) => dockerError(["load"], { code: 1, stderr });

it("says what to do if the user may not talk to docker", async () => {
  const words =
    'Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://x": dial unix /var/run/docker.sock: connect: permission denied';
  expect(await error(words)).toBe(
    "docker: this user may not use the docker daemon at unix:///var/run/docker.sock. Join the group that owns the socket (usually docker), or set agatha:dockerHost.",
  );
});

it("distinguishes a missing daemon from everything else", async () => {
  expect(
    await error("Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?\n"),
  ).toBe(
    "docker: Cannot connect to the Docker daemon at unix:///x. Start the daemon (`npm run doctor` says how), or set agatha:dockerHost.",
  );
  expect(await error("archive/tar: invalid tar header")).toBe("docker load: archive/tar: invalid tar header");
  expect(await error("")).toBe("docker load: it ended with 1 and said nothing");
});

it("names the host that a docker context leads to", async () => {
  const folder = mkdtempSync(join(tmpdir(), "agatha-context-"));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const context = JSON.stringify({ Endpoints: { docker: { Host: "ssh://user@far" } } });
  writeFileSync(join(bin, "docker"), `#!/bin/sh\necho '${context}'\n`, { mode: 0o755 });
  vi.stubEnv("PATH", `${bin}:${process.env["PATH"]}`);
  vi.stubEnv("DOCKER_HOST", "");
  vi.stubEnv("DOCKER_CONTEXT", "far");
  expect(await remoteHost()).toBe("ssh://user@far");
  expect(await error("write: broken pipe")).toBe(
    "docker: the connection to ssh://user@far was lost. Run up again: no partial data is left, and what arrived is not sent again.",
  );
  rmSync(folder, { recursive: true });
});

it("takes DOCKER_HOST if it names another machine", async () => {
  vi.stubEnv("DOCKER_HOST", "tcp://10.0.0.1:2375");
  expect(await remoteHost()).toBe("tcp://10.0.0.1:2375");
  vi.stubEnv("DOCKER_HOST", "unix:///run/x.sock");
  expect(await remoteHost()).toBeUndefined();
});
