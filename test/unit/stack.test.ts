import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { withEmptyState, withoutSecrets } from "../../lib/previews/emptyState.ts";
import { bareName, environment, fullName, namesStack } from "../../lib/stacks/stack.ts";

describe("a stack's file without its secrets", () => {
  it("has a placeholder for each, and nothing of how they are encrypted", () => {
    const text = `secretsprovider: passphrase
encryptionsalt: v1:abc
config:
  agatha:packages: nixpkgs
  agatha:databasePassword:
    secure: v1:cipher
  agatha:back:
    properties: { token: { secure: "v1:other" }, name: x }
`;
    expect(parse(withoutSecrets("Pulumi.prod.yaml", text))).toEqual({
      config: {
        "agatha:packages": "nixpkgs",
        "agatha:databasePassword": "placeholder-of-a-secret",
        "agatha:back": { properties: { token: "placeholder-of-a-secret", name: "x" } },
      },
    });
  });

  it.each(["config: {}\n", "", "config:\n"])("has a password where %j has none", (text) => {
    expect(parse(withoutSecrets("x", text))).toEqual({
      config: { "agatha:databasePassword": "placeholder-of-a-secret" },
    });
  });

  it("is refused where it is no YAML", () => {
    expect(() => withoutSecrets("Pulumi.x.yaml", "a: [")).toThrow(/^Pulumi\.x\.yaml: is no YAML: .* Fix it/s);
  });
});

// Both looked at Pulumi.<stack>.yaml, whatever --config-file named.
describe("a stack's file that --config-file names", () => {
  const folder = mkdtempSync(join(tmpdir(), "agatha-file-"));
  const file = join(folder, "other.yaml");
  writeFileSync(file, "config:\n  agatha:keep: 7\n  agatha:dockerHost: ssh://other\n");
  writeFileSync(join(folder, "pulumi"), "#!/bin/sh\n", { mode: 0o755 });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("is previewed against an empty state, and named to the program", async () => {
    const env = { ...process.env, PATH: `${folder}:${process.env["PATH"]}` };
    await withEmptyState("dev", file, env, async ([, config = ""], { AGATHA_CONFIG_FILE: named }) => {
      expect(named).toBe(config);
      expect(parse(readFileSync(config, "utf8"))).toMatchObject({ config: { "agatha:keep": 7 } });
    });
  });

  it("is named to the program that pulumi runs", async () => {
    expect(await environment("dev", file)).toMatchObject({
      AGATHA_CONFIG_FILE: file,
      DOCKER_HOST: "ssh://other",
    });
  });
});

describe("a stack's name", () => {
  it("has the organisation in front where one is named", () => {
    expect(fullName("prod", {})).toBe("prod");
    expect(fullName("prod", { AGATHA_ORGANIZATION: "team" })).toBe("team/agatha/prod");
  });

  it.each([
    ['[{ "name": "prod" }]', true],
    ['[{ "name": "team/prod" }]', true],
    ['[{ "name": "prod-2" }, { "name": "a.prod" }]', false],
    ["[]", false],
  ])("is found in %s: %j", (output, there) => {
    expect(namesStack(output, "prod")).toBe(there);
  });

  it.each(["prod", "team/prod", "team/agatha/prod"])("is the last part of %s", (name) => {
    expect(bareName(name)).toBe("prod");
  });
});

it("a token is a login: the state is then not in the clone", () => {
  const backend = (env: object) => {
    const script = '. scripts/env.sh 2>/dev/null; printf %s "${PULUMI_BACKEND_URL:-}"';
    const own = { PATH: process.env["PATH"], HOME: "/nowhere", PULUMI_CONFIG_PASSPHRASE: "x", ...env };
    return execFileSync("bash", ["-c", script], { env: own, encoding: "utf8" });
  };
  expect(backend({})).toBe(`file://${process.cwd()}/.state/pulumi`);
  expect(backend({ PULUMI_ACCESS_TOKEN: "t" })).toBe("");
});
