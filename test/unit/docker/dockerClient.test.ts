/** How answers of docker's client are read, by programs in its place. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { inspect, inspectAll, removeLabelled } from "../../../lib/docker/client.ts";
import { fake } from "../../support/programs.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-docker-"));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  vi.unstubAllEnvs();
});

function docker(...script: string[]) {
  for (const [name, value] of Object.entries(fake(folder, "docker", script))) vi.stubEnv(name, value);
  vi.stubEnv("DOCKER_HOST", "unix:///x.sock");
}

describe("an inspection", () => {
  it.each([
    "Error: No such image: b",
    "Error response from daemon: No such image: b",
    "Error: No such object: b",
  ])("leaves out what is gone: %s", async (denial) => {
    docker("echo '[1]'", `echo '${denial}' >&2`, "exit 1");
    expect(await inspectAll("image", ["a", "b"], "{{json .Layers}}")).toEqual([[1]]);
  });

  it("is undefined if the one thing is gone, whatever the client warns of", async () => {
    docker("echo 'WARNING: odd' >&2", "echo 'Error: No such container: a' >&2", "exit 1");
    expect(await inspect("container", "a", ".")).toBeUndefined();
  });

  it("fails if docker does not answer for each, although one of them is gone", async () => {
    docker("echo 'Error: No such image: b' >&2", "echo 'Error: odd' >&2", "exit 1");
    await expect(inspectAll("image", ["a", "b"], "{{json .Layers}}")).rejects.toThrow(
      "docker image inspect: Error: No such image: b\nError: odd",
    );
  });

  it("does not run docker for an empty list", async () => {
    docker("exit 1");
    expect(await inspectAll("image", [], "{{json .Layers}}")).toEqual([]);
  });
});

it("a canary's containers go before its volumes, of which those in use stay", async () => {
  const log = join(folder, "log");
  docker(
    `echo "$*" >> ${log}`,
    'case "$1 $2" in "container ls") echo c1; echo c2;; "volume ls") echo v1;; esac',
  );
  await removeLabelled("dev", "db-trial");
  const which = "--filter label=agatha.stack=dev --filter label=agatha.service=db-trial";
  const [first, second, ...then] = readFileSync(log, "utf8").trim().split("\n");
  // Asked at once.
  expect([first, second].sort()).toEqual([
    `container ls --all --quiet ${which}`,
    `volume ls --quiet --filter dangling=true ${which}`,
  ]);
  expect(then).toEqual([
    "container rm --force --volumes c1",
    "container rm --force --volumes c2",
    `volume ls --quiet --filter dangling=true ${which}`,
    "volume rm --force v1",
  ]);
});
