import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { aptFailure } from "../../../setup/apt.ts";
import { fetchPin, useOwnSettings } from "../../../setup/nix.ts";
import { atLeast } from "../../../setup/probe.ts";
import { execute } from "../../support/host.ts";

describe("a failed installation of Debian packages", () => {
  const unread = (host: string) => `W: Failed to fetch http://${host}.invalid/  Could not resolve it`;
  const shown = (update: string[], install: string) =>
    aptFailure(["nix-bin", "patchelf"], update.join("\n"), install).split("\n").slice(1, -1);

  it("shows apt's errors, and which of its sources are unreachable", () => {
    const update = [
      "Err:1 http://deb.invalid/debian bookworm InRelease",
      unread("deb"),
      "W: Some index files failed to download. They have been ignored, or old ones used instead.",
    ];
    const error = "E: Unable to locate package nix-bin";
    expect(shown(update, `Reading package lists...\n${error}\n`)).toEqual([unread("deb"), error]);
  });

  // Sources that are unreachable, of which there were many, were all that it showed.
  it("shows what installing says whatever the sources are", () => {
    const many = [..."abcdefghijk"].map(unread);
    const error = "E: You don't have enough free space in /var/cache/apt/archives/.";
    expect(shown(many, `Unpacking nix-bin ...\n${error}\n`).at(-1)).toBe(error);
    expect(shown([unread("a")], "Unpacking nix-bin ...\nKilled\n")).toEqual([
      unread("a"),
      "Unpacking nix-bin ...",
      "Killed",
    ]);
  });
});

// The first evaluation with nixpkgs downloaded it, and was killed by its time limit.
describe("the pinned nixpkgs", () => {
  const folder = mkdtempSync(join(tmpdir(), "agatha-pin-"));
  const notes: string[] = [];
  const fetched = (nix: string) => {
    const program = join(folder, "nix-instantiate");
    writeFileSync(program, `#!/bin/sh\n${nix}\n`);
    chmodSync(program, 0o755);
    vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
    return fetchPin({ note: (doing) => notes.push(doing) });
  };
  afterEach(() => vi.unstubAllEnvs());

  it("is fetched by set-up, which says so", async () => {
    expect(await fetched('echo "unpacking" >&2; echo "/nix/store/x-nixpkgs of $*"')).toBe(
      "the pin is at /nix/store/x-nixpkgs of --eval -A path nix/nixpkgs.nix --argstr system x86_64-linux",
    );
    expect(notes).toEqual(["downloading and unpacking the pin"]);
  });

  it("that cannot be fetched fails with Nix's error, or with ours", async () => {
    await expect(fetched('echo "error: unable to download x" >&2; exit 1')).rejects.toThrow(
      /^nixpkgs: the pin could not be fetched:\nerror: unable to download x\nRun this again with the internet/,
    );
    const own = 'agatha:packages: "nixpkgs" needs Nix 2.18 or newer, this is 2.8.0. Use a newer Nix.';
    await expect(fetched(`echo 'error: ${own}' >&2; exit 1`)).rejects.toThrow(own);
    rmSync(folder, { recursive: true });
  });
});

describe("a version", () => {
  it.each([
    ["Docker version 28.2.2, build e", "20.10.0", true],
    ["nix-build (Nix) 2.8.0", "2.18.0", false],
    ["nix-build (Nix) 2.18", "2.18.0", true],
    ["nix-build (Nix) 2.34pre20240101_abc", "2.18.0", true],
    ["v3.256.0", "3.220.0", true],
    ["v3.220.0-alpha.1", "3.220.0", true],
    ["none", "0.0.1", false],
    ["", "0.0.1", false],
  ])("in %j is compared with %j", (printed, version, expected) => {
    expect(atLeast(printed, version)).toBe(expected);
  });
});

describe("the package set and Nix's settings", () => {
  afterEach(() => vi.unstubAllEnvs());

  it("are chosen anew after the folder was moved", () => {
    vi.stubEnv("NIX_CONF_DIR", resolve("scripts/nix"));
    useOwnSettings("debian");
    expect(process.env["NIX_CONF_DIR"]).not.toBe(resolve("scripts/nix"));
  });

  it("stay the machine's own if it has some", () => {
    vi.stubEnv("NIX_CONF_DIR", "/etc/elsewhere");
    expect(useOwnSettings("debian")).toBe(false);
    expect(process.env["NIX_CONF_DIR"]).toBe("/etc/elsewhere");
  });
});

// With what an earlier set-up wrote, Nix failed for want of sandbox paths, and pulumi for a set that is not there.
describe("env.sh in a clone", () => {
  const clone = mkdtempSync(join(tmpdir(), "agatha-env-"));
  afterAll(() => rmSync(clone, { recursive: true }));
  const sourced = async (env: string) => {
    for (const folder of ["scripts", ".tools"]) mkdirSync(join(clone, folder), { recursive: true });
    cpSync("scripts/env.sh", join(clone, "scripts/env.sh"));
    writeFileSync(join(clone, ".tools/env"), env);
    const script =
      '. scripts/env.sh 2>&1; code=$?; case $PATH in *.tools/bin*) tools=yes ;; esac; echo "$code ${AGATHA_PACKAGES:-none} ${NIX_CONF_DIR:-none} ${tools:-no}"';
    const own = { PATH: process.env["PATH"]?.replace(/[^:]*\.tools[^:]*:/g, ""), HOME: "/nowhere" };
    return (await execute("bash", ["-c", `cd '${clone}' && ${script}`], own)).output;
  };
  const STALE =
    "env.sh: set-up of an earlier version ran in this clone, and nothing was set. Run `npm run setup` again, then this.\n1 none none no\n";

  it.each([
    ["export NIX_CONF_DIR='CLONE/scripts/nix'\nexport AGATHA_PACKAGES='debian'\n"],
    ["export AGATHA_PACKAGES='host'\n"],
  ])("that an earlier version set up asks for set-up, and sets nothing: %j", async (env) => {
    expect(await sourced(env.replace("CLONE", clone))).toBe(STALE);
  });

  it("sets what set-up found", async () => {
    const env = "export NIX_CONF_DIR='/c/offline'\nexport AGATHA_PACKAGES='debian'\n";
    expect(await sourced(env)).toBe("0 debian /c/offline yes\n");
    // A folder of somebody's own, whatever its name.
    for (const folder of ["/c/setup", "/c/scripts/nix"])
      expect(await sourced(`export NIX_CONF_DIR='${folder}'\nexport AGATHA_PACKAGES='debian'\n`)).toBe(
        `0 debian ${folder} yes\n`,
      );
    expect(await sourced("export AGATHA_PACKAGES='nixpkgs'\n")).toBe("0 nixpkgs none yes\n");
  });
});
