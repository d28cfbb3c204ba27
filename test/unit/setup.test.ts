import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { aptFailure } from "../../setup/debian.ts";
import { fetchPin } from "../../setup/nix.ts";

describe("a failed installation of Debian packages", () => {
  it("is told as unreachable sources where apt has no lists", () => {
    const update = [
      "Err:1 http://deb.invalid/debian bookworm InRelease",
      "W: Failed to fetch http://deb.invalid/debian/dists/bookworm/InRelease  Could not resolve 'deb.invalid'",
      "W: Some index files failed to download. They have been ignored, or old ones used instead.",
    ];
    const install = "Reading package lists...\nE: Unable to locate package nix-bin\n";
    expect(aptFailure(["nix-bin"], update.join("\n"), install)).toBe(
      "apt-get update: Failed to fetch http://deb.invalid/debian/dists/bookworm/InRelease  Could not resolve 'deb.invalid'. Fix apt's sources or the network, then run this again.",
    );
  });

  it("is told with apt's errors otherwise, whatever source is out of reach", () => {
    const install =
      "Unpacking nix-bin ...\nE: You don't have enough free space in /var/cache/apt/archives/.\n";
    const said = aptFailure(["nix-bin", "patchelf"], "W: Failed to fetch http://other.invalid/", install);
    expect(said).toMatch(/^apt-get install nix-bin patchelf: failed\.\nE: You don't have enough free space/);
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

  it("that cannot be had is told with Nix's words, or with ours", async () => {
    await expect(fetched('echo "error: unable to download x" >&2; exit 1')).rejects.toThrow(
      /^nixpkgs: the pin could not be fetched:\nerror: unable to download x\nRun this again with the internet/,
    );
    const own = 'agatha:packages: "nixpkgs" needs Nix 2.18 or newer, this is 2.8.0. Use a newer Nix.';
    await expect(fetched(`echo 'error: ${own}' >&2; exit 1`)).rejects.toThrow(own);
    rmSync(folder, { recursive: true });
  });
});
