import { expect, it } from "vitest";
import { parse } from "yaml";
import {
  choosePorts,
  configFile,
  dockerHostOf,
  newStackFile,
  publishedOf,
  readStackFile,
} from "../../scripts/lib/stackFile.ts";

it("a new stack's file has its ports, its docker host, and a front that asks its own back", () => {
  const text = newStackFile("pr-12", { back: 8300, front: 5473 }, "ssh://user@host", "host");
  const { config } = parse(text) as { config: Record<string, unknown> };
  expect(config).toEqual({
    "agatha:packages": "host",
    "agatha:dockerHost": "ssh://user@host",
    "agatha:back": { publish: { port: 8300 } },
    "agatha:front": {
      publish: { port: 5473 },
      files: {
        "properties.js": {
          text: "window.agatha = { backUrl: `${location.protocol}//${location.hostname}:8300` };\n",
        },
      },
    },
  });
  expect(publishedOf(config)).toEqual([8300, 5473]);
  expect(dockerHostOf(config)).toBe("ssh://user@host");
});

it("the environments of this project share no port", () => {
  const ports = ["dev", "staging", "prod"].flatMap((stack) =>
    publishedOf(readStackFile(`Pulumi.${stack}.yaml`)),
  );
  expect(ports).toHaveLength(6);
  expect(new Set(ports).size).toBe(6);
});

it("a stack publishes what its file says, else the defaults", () => {
  expect(publishedOf({})).toEqual([8000, 5173]);
  expect(
    publishedOf({ "agatha:back": { publish: false }, "agatha:database": { publish: { port: 4321 } } }),
  ).toEqual([5173, 4321]);
});

it("ports are the first pair of which neither is taken", async () => {
  const taken = new Set([8000, 5273]);
  expect(await choosePorts((port) => taken.has(port))).toEqual({ back: 8200, front: 5373 });
  await expect(choosePorts(() => true)).rejects.toThrow("stack: no two ports are free.");
});

it("the file is the stack's own, or the one that pulumi is told to take", () => {
  expect(configFile("dev", ["--refresh"])).toBe("Pulumi.dev.yaml");
  expect(configFile("dev", ["--refresh", "--config-file=/x.yaml"])).toBe("/x.yaml");
});

it("a file that is not there configures nothing", () => {
  expect(readStackFile("Pulumi.nowhere.yaml")).toEqual({});
  expect(dockerHostOf({})).toBeUndefined();
});
