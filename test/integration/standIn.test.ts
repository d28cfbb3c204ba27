/**
 * The package set for closed networks is as harsh as nixpkgs where our files touch it, and they bear what nixpkgs has
 * beside that. nix/README.md lists what is assumed, and where it was read.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { execute } from "../support/host.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-stand-in-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What an expression in the world of `nix/default.nix` is built with: `pkgs` is the set, `app` the sample. */
const WORLD = `let
  pkgs = import ${resolve("offline/packages")} { system = "x86_64-linux"; postgresqlMajor = 13; };
  app = import ${resolve("nix/application.nix")} { overrides = { }; };
  package = name: arguments: import (${resolve("nix/packages")} + "/\${name}.nix") arguments;
  jre = package "jre" { inherit pkgs app; };
in`;

async function tryBuild(expression: string) {
  return await execute("nix-build", ["--no-out-link", "--expr", `${WORLD} ${expression}`]);
}

/** The store path that nix-build told of. */
function pathIn({ code, output }: { code: number; output: string }): string {
  const [path] = /^\/nix\/store\/\S+$/m.exec(output) ?? [];
  if (code !== 0 || path === undefined) throw new Error(output);
  return path;
}

const built = async (expression: string) => pathIn(await tryBuild(expression));
const attribute = async (name: string) =>
  pathIn(await execute("nix-build", ["nix", "-A", name, "--no-out-link"]));

describe("runCommand is nixpkgs': ", () => {
  it("its shell ends at the first failure, in pipes and substitutions too, and drops patterns that match nothing", async () => {
    const script = `{ shopt -p nullglob inherit_errexit; shopt -po errexit pipefail; umask; echo none-* $TZ; } > $out`;
    const told = readFileSync(await built(`pkgs.runCommand "shell" { } ${JSON.stringify(script)}`), "utf8");
    const options = ["shopt -s nullglob", "shopt -s inherit_errexit", "set -o errexit", "set -o pipefail"];
    expect(told.trim().split("\n")).toEqual([...options, "0022", "UTC"]);
  });

  it("it has the programs of stdenv, and none besides", async () => {
    const looked = "awk bash cp diff find grep gzip sed sh sha256sum tar xargs";
    const others = "busybox cc java jq ldd node openssl perl python3 strip unzip";
    const script = `for p in ${looked} ${others}; do command -v $p > /dev/null && echo -n "$p " >> $out; done; true`;
    const found = readFileSync(
      await built(`pkgs.runCommand "programs" { } ${JSON.stringify(script)}`),
      "utf8",
    );
    expect(found.trim()).toBe(looked);
  });
});

describe("Flyway", () => {
  const jars = async (expression: string) =>
    readdirSync(join(await built(expression), "share/flyway/lib")).map((jar) => jar.replace(/-\d.*/, ""));
  const flyway = (pkgs: string) => `package "flyway" { inherit jre; pkgs = ${pkgs}; }`;
  /** The set with a Flyway whose files were changed. */
  const changed = (commands: string) => `(pkgs // {
    flyway = { inherit (pkgs.flyway) version; } // pkgs.runCommand "flyway-changed" { } ''
      cp -r \${pkgs.flyway} $out
      chmod -R u+w $out
      cd $out/share/flyway/lib
      ${commands}
    '';
  })`;

  it("is taken out of folders as of 11.11 and newer: what PostgreSQL needs, no other database, no cloud", async () => {
    const taken = await jars(flyway("pkgs"));
    const own = ["flyway-commandline", "flyway-core", "flyway-database-postgresql", "flyway-reports"];
    expect(taken).toEqual(expect.arrayContaining([...own, "postgresql", "jackson-databind"]));
    const others = /cassandra|oracle|mysql|mariadb|ojdbc|s3|mcp|azure|netty/;
    expect(taken.filter((name) => others.test(name))).toEqual([]);
  });

  it("is taken out of one flat folder as up to 11.10", async () => {
    const flat = changed("mv flyway/*.jar .; rm -r aad flyway netty oracle_wallet");
    expect(await jars(flyway(flat))).toEqual(await jars(flyway("pkgs")));
  });

  it("is refused where a jar is missing: nullglob once made the check pass", async () => {
    const { code, output } = await tryBuild(flyway(changed("rm flyway/flyway-reports-*")));
    expect(code).not.toBe(0);
    expect(output).toMatch(/nix\/packages\/flyway\.nix: "flyway-reports" is not in .*: adapt the patterns\./);
  });

  it("is refused where it does not run with the jars that are taken", async () => {
    const { code, output } = await tryBuild(`(${flyway(changed("rm jackson-core-*"))}).runs`);
    expect(code).not.toBe(0);
    expect(output).toContain("NoClassDefFoundError");
    expect(output).toMatch(
      /flyway\.nix: Flyway [\d.]+ does not run with the jars that are taken\. Adapt the patterns\./,
    );
  });
});

it("the front has neither the full Node that http-server names nor the headers beside the slim one", async () => {
  const closure = await execute("nix-store", ["--query", "--requisites", await attribute("front")]);
  expect(closure.output).not.toContain("-nodejs-full");
  const nodes = closure.output.split("\n").filter((path) => path.includes("-nodejs"));
  expect(nodes).toHaveLength(1);
  expect(readdirSync(nodes[0] ?? "")).toEqual(["bin"]);
  expect(readdirSync(await built("pkgs.nodejs-slim"))).toContain("include");
});

it("the front takes Node's package whole where its program does not run without that name", async () => {
  const program = `#!/bin/sh\n# $out\nif grep -q eeeeeeee "$0"; then exit 1; fi\n`;
  const slim = `{ version = "26"; } // pkgs.runCommand "nodejs-slim-26" { } ''
    mkdir -p $out/bin
    printf ${JSON.stringify(program).replaceAll("$0", "\\$0")} > $out/bin/node
    chmod +x $out/bin/node
  ''`;
  const node = await built(
    `package "node" { pkgs = { inherit (pkgs) runCommand; nodejs-slim = ${slim}; }; }`,
  );
  expect(readlinkSync(join(node, "bin/node"))).toMatch(/^\/nix\/store\/.*-nodejs-slim-26\/bin\/node$/);
});

describe("the executor's Pulumi", () => {
  const engine = (pkgs: string) => `package "pulumi" { pkgs = { inherit (pkgs) runCommand; } // ${pkgs}; }`;

  it("is the official release in nixpkgs' pulumi-bin where its own is too old", async () => {
    const release = join(folder, "pulumi");
    mkdirSync(release);
    const names = ["pulumi", "pulumi-language-nodejs"];
    for (const name of [...names, "pulumi-language-go"])
      writeFileSync(join(release, name), "#!/bin/sh\n", { mode: 0o755 });
    const archive = join(folder, "pulumi.tar.gz");
    expect((await execute("tar", ["-czf", archive, "-C", folder, "pulumi"])).code).toBe(0);
    const set = `{ pulumi.version = "3.192.0"; pulumi-bin = { version = "3.250.0"; srcs = [ ${archive} ]; }; }`;
    expect(readdirSync(join(await built(engine(set)), "bin"))).toEqual(names);
  });

  it("is refused in a sentence where both are", async () => {
    const set = '{ pulumi.version = "3.192.0"; pulumi-bin.version = "3.219.9"; }';
    const { code, output } = await tryBuild(engine(set));
    expect(code).not.toBe(0);
    expect(output).toContain(
      "nix/packages/pulumi.nix: this nixpkgs has Pulumi 3.192.0, and 3.219.9 as pulumi-bin, older than 3.220.0. Take a newer nixpkgs (nix/nixpkgs.nix).",
    );
  });
});

it.each([
  ["db-image", "[0-9a-f]{64}\\.tar"],
  ["back-image", "[0-9a-f]{64}/layer\\.tar"],
])("layers in the archive of %s are named as skopeo and dockerTools name them", async (image, name) => {
  const listed = await execute("bash", ["-c", `"$0" | tar -t`, await attribute(image)]);
  const layers = listed.output.trim().split("\n").slice(2);
  expect(layers.length).toBeGreaterThan(3);
  expect(layers.filter((layer) => !new RegExp(`^${name}$`).test(layer))).toEqual([]);
});
