/**
 * The package set `debian` is as strict as nixpkgs where our files depend on it, and our files work with what only nixpkgs
 * has. nix/README.md lists what is assumed, and where it was read.
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

/** Builds an expression in the scope of `nix/default.nix`: `pkgs` is the set, `app` the sample. */
const WORLD = `let
  pkgs = import ${resolve("offline/packages")} { system = "x86_64-linux"; postgresqlMajor = 13; };
  app = import ${resolve("nix/application.nix")} { overrides = { }; };
  package = name: arguments: import (${resolve("nix/packages")} + "/\${name}.nix") arguments;
  jre = package "jre" { inherit pkgs app; };
in`;

async function tryBuild(expression: string) {
  return await execute("nix-build", ["--no-out-link", "--expr", `${WORLD} ${expression}`]);
}

/** The store path that nix-build printed. */
function pathIn({ code, output }: { code: number; output: string }): string {
  const [path] = /^\/nix\/store\/\S+$/m.exec(output) ?? [];
  if (code !== 0 || path === undefined) throw new Error(output);
  return path;
}

const built = async (expression: string) => pathIn(await tryBuild(expression));
const attribute = async (name: string) =>
  pathIn(await execute("nix-build", ["nix", "-A", name, "--no-out-link"]));

describe("runCommand is nixpkgs': ", () => {
  it("its shell exits at the first failure, in pipes and substitutions too, and drops patterns that match nothing", async () => {
    const script = `{ shopt -p nullglob inherit_errexit; shopt -po errexit pipefail; umask; echo none-* $TZ; } > $out`;
    const told = readFileSync(await built(`pkgs.runCommand "shell" { } ${JSON.stringify(script)}`), "utf8");
    const options = ["shopt -s nullglob", "shopt -s inherit_errexit", "set -o errexit", "set -o pipefail"];
    expect(told.trim().split("\n")).toEqual([...options, "0022", "UTC"]);
  });

  it("it has exactly the programs of stdenv", async () => {
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
  /** The set with changed files of Flyway. */
  const changed = (commands: string) => `(pkgs // {
    flyway = { inherit (pkgs.flyway) version; } // pkgs.runCommand "flyway-changed" { } ''
      cp -r \${pkgs.flyway} $out
      chmod -R u+w $out
      cd $out/share/flyway/lib
      ${commands}
    '';
  })`;

  it("is packaged from the folders of 11.11 and newer: what PostgreSQL needs, no other database, no cloud", async () => {
    const taken = await jars(flyway("pkgs"));
    const own = ["flyway-commandline", "flyway-core", "flyway-database-postgresql", "flyway-reports"];
    expect(taken).toEqual(expect.arrayContaining([...own, "postgresql", "jackson-databind"]));
    const others = /cassandra|oracle|mysql|mariadb|ojdbc|s3|mcp|azure|netty/;
    expect(taken.filter((name) => others.test(name))).toEqual([]);
  });

  it("is packaged from the flat folder of 11.10 and older", async () => {
    const flat = changed("mv flyway/*.jar .; rm -r aad flyway netty oracle_wallet");
    expect(await jars(flyway(flat))).toEqual(await jars(flyway("pkgs")));
  });

  it("is refused if a jar is missing: nullglob once made the check pass", async () => {
    const { code, output } = await tryBuild(flyway(changed("rm flyway/flyway-reports-*")));
    expect(code).not.toBe(0);
    expect(output).toMatch(/nix\/packages\/flyway\.nix: "flyway-reports" is not in .*: adapt the patterns\./);
  });

  it("is refused if it does not run with the packaged jars", async () => {
    const { code, output } = await tryBuild(`(${flyway(changed("rm jackson-core-*"))}).runs`);
    expect(code).not.toBe(0);
    expect(output).toContain("NoClassDefFoundError");
    expect(output).toMatch(
      /flyway\.nix: Flyway [\d.]+ does not run with the jars that are taken\. Adapt the patterns\./,
    );
  });
});

it("the front has neither the full Node that http-server refers to nor the headers of the slim one", async () => {
  const closure = await execute("nix-store", ["--query", "--requisites", await attribute("front")]);
  expect(closure.output).not.toContain("-nodejs-full");
  const nodes = closure.output.split("\n").filter((path) => path.includes("-nodejs"));
  expect(nodes).toHaveLength(1);
  expect(readdirSync(nodes[0] ?? "")).toEqual(["bin"]);
  expect(readdirSync(await built("pkgs.nodejs-slim"))).toContain("include");
});

it("the front has the whole Node package if its program does not run without that name", async () => {
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

describe("the gateway's HAProxy", () => {
  const haproxy = (changes = "{ }") => `package "haproxy" { pkgs = pkgs // ${changes}; }`;
  /** A package of the set with a changed program. */
  const changed = (name: string, commands: string) => `{
    ${name} = { inherit (pkgs.haproxy) version; } // pkgs.runCommand "${name}-changed" {
      nativeBuildInputs = [ pkgs.patchelf ];
    } "mkdir -p $out/bin; cp \${pkgs.${name}}/bin/${name} $out/bin/; chmod u+w $out/bin/*; cd $out/bin; ${commands}";
  }`;
  const needs = async (path: string) =>
    (await execute("nix-store", ["--query", "--references", path])).output.trim().split("\n");

  it("needs no other store path, although the packages that it is from need many", async () => {
    const path = await built(haproxy());
    expect(await needs(path)).toEqual([path]);
    expect((await needs(await built("pkgs.haproxy"))).length).toBeGreaterThan(1);
  });

  it("has what the C library opens when a thread ends, even if the program is not linked with it", async () => {
    const path = await built(haproxy());
    expect(readdirSync(join(path, "lib"))).toContain("libgcc_s.so.1");
    const { output } = await execute("readelf", ["--dynamic", join(path, "bin/haproxy")]);
    expect(output).toContain("[libgcc_s.so.1]");
  });

  it("is refused if a library is missing", async () => {
    const { code, output } = await tryBuild(
      haproxy(changed("socat", "patchelf --add-needed libnothing.so.1 socat")),
    );
    expect(code).not.toBe(0);
    expect(output).toMatch(/haproxy\.nix: socat loads .*libnothing\.so\.1.*, which is not in its package\./);
  });
});

describe("the executor's Pulumi", () => {
  const engine = (pkgs: string) => `package "pulumi" { pkgs = { inherit (pkgs) runCommand; } // ${pkgs}; }`;

  it("is the official release of nixpkgs' pulumi-bin if its own is too old", async () => {
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

  it("is refused with an error message if both are", async () => {
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
