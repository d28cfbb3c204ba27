import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { withEmptyState, withoutSecrets } from "../../../lib/previews/emptyState.ts";
import { fullName } from "../../../lib/stacks/pulumi.ts";
import { ensureStack, environment, stackExists } from "../../../lib/stacks/stack.ts";
import { fake } from "../../support/programs.ts";

describe("a stack's file without its secrets", () => {
  it("has a placeholder for each secret, and nothing about how they are encrypted", () => {
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

  it.each(["config: {}\n", "", "config:\n"])("gets a password if %j has none", (text) => {
    expect(parse(withoutSecrets("x", text))).toEqual({
      config: { "agatha:databasePassword": "placeholder-of-a-secret" },
    });
  });

  it("is refused if it is not YAML", () => {
    expect(() => withoutSecrets("Pulumi.x.yaml", "a: [")).toThrow(
      /^Pulumi\.x\.yaml: is not YAML: .* Fix it/s,
    );
  });
});

// Both looked at Pulumi.<stack>.yaml, whatever --config-file named.
describe("a stack's file that --config-file names", () => {
  const folder = mkdtempSync(join(tmpdir(), "agatha-file-"));
  const file = join(folder, "other.yaml");
  writeFileSync(file, "config:\n  agatha:keep: 7\n  agatha:dockerHost: ssh://other\n");
  writeFileSync(join(folder, "pulumi"), "#!/bin/sh\n", { mode: 0o755 });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("is the one that is previewed against an empty state, and the program is given its name", async () => {
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

describe("the environment of commands", () => {
  const folder = mkdtempSync(join(tmpdir(), "agatha-bash-"));
  afterEach(() => vi.unstubAllEnvs());
  afterAll(() => rmSync(folder, { recursive: true }));

  // Its first variable was lost.
  it("has nothing of what bash prints as it starts", async () => {
    const before = await environment();
    writeFileSync(join(folder, "env"), "echo PRINTED=1\n");
    vi.stubEnv("BASH_ENV", join(folder, "env"));
    expect(await environment()).toEqual({ ...before, BASH_ENV: join(folder, "env") });
  });

  // Its tools came before ours.
  it("has nothing of ~/.bashrc, over ssh neither", async () => {
    writeFileSync(join(folder, ".bashrc"), "export PATH=/elsewhere:$PATH\n");
    for (const [name, value] of Object.entries({ HOME: folder, SSH_CLIENT: "192.0.2.1 1 22", SHLVL: "0" }))
      vi.stubEnv(name, value);
    expect((await environment())["PATH"]).not.toMatch(/elsewhere/);
  });
});

describe("a stack's name", () => {
  it("has the organisation in front if one is named", () => {
    expect(fullName("prod", {})).toBe("prod");
    expect(fullName("prod", { AGATHA_ORGANIZATION: "team" })).toBe("team/agatha/prod");
  });
});

describe("a stack of the backend", () => {
  const folder = mkdtempSync(join(tmpdir(), "agatha-stacks-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Pulumi has these stacks, and docker these lines of containers. */
  const having = (stacks: string[], containers = ""): NodeJS.ProcessEnv => {
    const listed = JSON.stringify(stacks.map((name) => ({ name })));
    fake(folder, "pulumi", [...[`echo "$@" >>${folder}/calls`, `[ "$2" != ls ] || echo '${listed}'`]]);
    fake(folder, "docker", [`[ "$1" != container ] || printf '${containers}'`]);
    writeFileSync(join(folder, "calls"), "");
    return { ...process.env, PATH: `${folder}/fake-docker:${folder}/fake-pulumi:${process.env["PATH"]}` };
  };
  const made = () => readFileSync(join(folder, "calls"), "utf8").includes("stack init");
  const noFile = join(folder, "no.yaml");
  const file = join(folder, "there.yaml");
  writeFileSync(file, "config: {}\n");

  it.each([
    [["prod"], true],
    [["a", "team/prod"], true],
    [["team/agatha/prod"], true],
    [["prod-2", "a.prod"], false],
    [[], false],
  ])("is found among %j: %j", async (stacks, there) => {
    expect(await stackExists("prod", having(stacks))).toBe(there);
  });

  // `npm run up -- --stack stagin` made and brought up a stack of that name.
  it("is not made of a mistyped name, which neither a file nor a state knows", async () => {
    await expect(ensureStack("stagin", having([]), noFile)).rejects.toThrow(
      /^stack stagin: has neither a file, Pulumi\.stagin\.yaml, nor a state in this Pulumi backend\. Did you mean staging\? `npm run stack -- new stagin` makes it\.$/,
    );
    await expect(ensureStack("revjew", having(["team/agatha/review"]), noFile)).rejects.toThrow(
      " Did you mean review? ",
    );
    await expect(ensureStack("something-else", having(["a"]), noFile)).rejects.toThrow(
      "in this Pulumi backend. `npm run stack -- new something-else` makes it.",
    );
    for (const name of ["__proto__", "DEV", "dev2"])
      await expect(ensureStack(name, having([]), noFile)).rejects.toThrow(`stack ${name}: has neither`);
    expect(made()).toBe(false);
  });

  it("is made if it has a file, and used if it has a state", async () => {
    await ensureStack("stagin", having([]), file);
    expect(made()).toBe(true);
    await ensureStack("stagin", having(["stagin"]), noFile);
    expect(made()).toBe(false);
  });

  it("is not made if only one that exists is wanted, or if another of its name runs", async () => {
    await expect(ensureStack("a", having(["b"]), file, true)).rejects.toThrow(
      '--stack: "a" is not in this backend.',
    );
    for (const path of [file, noFile])
      await expect(ensureStack("a", having([], "db\\tagatha-a-db\\tUp\\t\\tx\\n"), path)).rejects.toThrow(
        "stack a: is not in this Pulumi backend, but agatha-a-db run here.",
      );
    expect(made()).toBe(false);
  });
});

it("a token is a login: the state is not in the clone then", () => {
  const backend = (env: object) => {
    const script = '. scripts/env.sh 2>/dev/null; printf %s "${PULUMI_BACKEND_URL:-}"';
    const own = { PATH: process.env["PATH"], HOME: "/nowhere", PULUMI_CONFIG_PASSPHRASE: "x", ...env };
    return execFileSync("bash", ["-c", script], { env: own, encoding: "utf8" });
  };
  expect(backend({})).toBe(`file://${process.cwd()}/.state/pulumi`);
  expect(backend({ PULUMI_ACCESS_TOKEN: "t" })).toBe("");
});
