import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import {
  choosePorts,
  dockerHostOf,
  externalOf,
  fileText,
  newConfig,
  publishedOf,
  readStackFile,
  usesRegistry,
  usesSample,
} from "../../../lib/stacks/file.ts";
import { hostVariable } from "../../../lib/stacks/stack.ts";
import { needsOf } from "../../../setup/setup.ts";

it("a new stack's file has its ports, its docker host, and a front that asks its own back", () => {
  const made = newConfig({ back: 8300, front: 5473 }, "ssh://user@host", "debian");
  const text = fileText("pr-12", "pr-12", made);
  expect(text).toMatch("# Stack pr-12, made by `npm run stack -- new pr-12`.\n");
  const { config } = parse(text) as { config: Record<string, unknown> };
  expect(config).toEqual({
    "agatha:packages": "debian",
    "agatha:dockerHost": "ssh://user@host",
    "agatha:back": { publish: { port: 8300 } },
    "agatha:front": {
      publish: { port: 5473 },
      files: {
        "properties.js": {
          text: "window.agatha = { backUrl: `${location.protocol}//${location.hostname}:${backPort}` };\n",
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
  expect(publishedOf({ "agatha:back": '{"publish":{"port":8300}}' })).toEqual([8300, 5173]);
});

it("a registry is one with a secret in it, too", () => {
  expect(usesRegistry({ "agatha:registry": { address: "host:5000", password: { secure: "v1:x" } } })).toBe(
    true,
  );
  expect(usesRegistry({ "agatha:back": {} })).toBe(false);
});

it.each([
  [{ host: "db.example.org" }, "db.example.org:5432"],
  [{ host: "db.example.org", port: 6432 }, "db.example.org:6432"],
  [{ host: { secure: "v1:x" } }, "a secret:5432"],
  [{ secure: "v1:x" }, "a secret place"],
  [undefined, undefined],
])("a database outside of the stack, %j, is named as %j", (external, name) => {
  expect(externalOf({ "agatha:database": { external } })).toBe(name);
});

it("ports are the first pair of which neither is taken", async () => {
  const taken = new Set([8000, 5273]);
  expect(await choosePorts("one", (port) => taken.has(port))).toEqual({ back: 8200, front: 5373 });
  await expect(choosePorts("one", () => true)).rejects.toThrow("stack: no two ports are free.");
});

it("stacks of two pull requests choose other ports, though neither runs yet", async () => {
  expect(await choosePorts("pr-12", () => false)).toEqual({ back: 9200, front: 6373 });
  expect(await choosePorts("pr-13", () => false)).toEqual({ back: 9300, front: 6473 });
  // The last place, and behind it the first.
  expect(await choosePorts("pr-479", () => false)).toEqual({ back: 31_900, front: 29_073 });
  expect(await choosePorts("pr-479", (port) => port > 31_000)).toEqual({ back: 8000, front: 5173 });
});

it("a stack's file says which docker host and PostgreSQL it is on", () => {
  const folder = mkdtempSync(join(tmpdir(), "agatha-stack-file-"));
  const file = join(folder, "x.yaml");
  writeFileSync(file, "config:\n  agatha:dockerHost: ssh://user@host\n  agatha:database: { version: 17 }\n");
  expect(hostVariable(file)).toEqual({ DOCKER_HOST: "ssh://user@host" });
  expect(needsOf(readStackFile(file))).toMatchObject({ postgresql: 17 });
  expect(needsOf({ "agatha:database": { version: "x" } }).postgresql).toBeUndefined();
  expect(needsOf({ "agatha:database": null }).postgresql).toBeUndefined();
  rmSync(folder, { recursive: true });
});

it("a file that is not there configures nothing", () => {
  expect(readStackFile("Pulumi.nowhere.yaml")).toEqual({});
  expect(dockerHostOf({})).toBeUndefined();
});

it.each<[string, Record<string, unknown>, boolean]>([
  ["nothing", {}, true],
  ["other keys", { "agatha:back": { publish: { port: 1 } } }, true],
  ["its jar alone", { "agatha:back": { jar: "app.jar" } }, true],
  ["its dist alone", { "agatha:front": { dist: "dist" } }, true],
  ["both", { "agatha:back": { jar: "app.jar" }, "agatha:front": { dist: "dist" } }, false],
  [
    "both, one of them the sample's by another name",
    {
      "agatha:back": { jar: "./sample/back/target/../target/agatha-back.jar" },
      "agatha:front": { dist: "dist" },
    },
    true,
  ],
])("a stack that names %s of its own uses the sample: %#", (_, config, uses) => {
  expect(usesSample(config)).toBe(uses);
});
