import { describe, expect, it } from "vitest";
import {
  type Deployment,
  dockerHostOf,
  isStale,
  sortLocks,
  unfinished,
} from "../../scripts/lib/interrupted.ts";

describe("a lock is stale", () => {
  const lock = JSON.stringify({
    pid: 42,
    hostname: "here",
    username: "root",
    timestamp: "2026-11-24T10:00:00Z",
  });

  it("when its holder ran on this host and has ended", () => {
    expect(isStale(lock, "here", () => undefined)).toBe(true);
  });

  it("when another program has its process id now", () => {
    expect(isStale(lock, "here", (pid) => (pid === 42 ? "bash" : undefined))).toBe(true);
  });

  it("not while its holder runs, nor when it is another host's", () => {
    for (const program of ["pulumi", ".pulumi-wrapped"])
      expect(isStale(lock, "here", () => program)).toBe(false);
    expect(isStale(lock, "there", () => undefined)).toBe(false);
  });

  it.each(["", "{", "null", "[]", '{"pid":"42","hostname":"here"}'])(
    "not when it cannot be read: %j",
    (text) => {
      expect(isStale(text, "here", () => undefined)).toBe(false);
    },
  );
});

it("a stack is held while one lock is left whose holder may live, whatever else is stale", () => {
  const lock = (path: string, pid: number, host: string) => ({
    path,
    content: JSON.stringify({ pid, hostname: host }),
  });
  const locks = [lock("ended", 1, "here"), lock("runs", 2, "here"), lock("elsewhere", 1, "there")];
  const program = (pid: number) => (pid === 2 ? "pulumi" : undefined);
  expect(sortLocks([...locks, { path: "half", content: "{" }], "here", program)).toEqual({
    stale: ["ended"],
    held: ["runs", "elsewhere", "half"],
  });
  expect(sortLocks([], "here", program)).toEqual({ stale: [], held: [] });
});

describe("an interrupted update", () => {
  const operation = (type: string, resourceType: string, inputs: Record<string, unknown>) => ({
    type,
    resource: { urn: "u", type: resourceType, inputs },
  });

  it("was making containers and networks, whose names are taken now", () => {
    const deployment: Deployment = {
      pending_operations: [
        operation("creating", "docker:index/container:Container", { name: "agatha-dev-back" }),
        operation("creating", "docker:index/network:Network", { name: "agatha-dev-network" }),
      ],
    };
    expect(unfinished(deployment)).toEqual([
      { kind: "container", name: "agatha-dev-back" },
      { kind: "network", name: "agatha-dev-network" },
    ]);
  });

  it("leaves volumes, commands and what it was deleting alone", () => {
    const deployment: Deployment = {
      pending_operations: [
        operation("creating", "docker:index/volume:Volume", { name: "agatha-dev-db-data" }),
        operation("creating", "command:local:Command", {}),
        operation("deleting", "docker:index/container:Container", { name: "agatha-dev-back" }),
      ],
    };
    expect(unfinished(deployment)).toEqual([]);
    expect(unfinished({})).toEqual([]);
  });

  it("worked on the docker host that its provider has", () => {
    const provider = { urn: "u", type: "pulumi:providers:docker", inputs: { host: "ssh://u@h" } };
    expect(dockerHostOf({ resources: [provider] })).toBe("ssh://u@h");
    expect(dockerHostOf({ resources: [{ ...provider, inputs: {} }] })).toBeUndefined();
    expect(dockerHostOf({})).toBeUndefined();
  });
});
