import { describe, expect, it } from "vitest";
import { aptFailure } from "../../scripts/setup/debian.ts";

describe("a failed installation of Debian packages", () => {
  it("is told as unreachable sources where apt has no lists", () => {
    const update = [
      "Err:1 http://deb.invalid/debian bookworm InRelease",
      "W: Failed to fetch http://deb.invalid/debian/dists/bookworm/InRelease  Could not resolve 'deb.invalid'",
      "W: Some index files failed to download. They have been ignored, or old ones used instead.",
    ];
    const install = "Reading package lists...\nE: Unable to locate package nix-bin\n";
    expect(aptFailure(["nix-bin"], update.join("\n"), install)).toBe(
      "apt-get update: Failed to fetch http://deb.invalid/debian/dists/bookworm/InRelease  Could not resolve 'deb.invalid'. Mend apt's sources or the network, then run this again.",
    );
  });

  it("is told with apt's errors otherwise, whatever source is out of reach", () => {
    const install =
      "Unpacking nix-bin ...\nE: You don't have enough free space in /var/cache/apt/archives/.\n";
    const said = aptFailure(["nix-bin", "patchelf"], "W: Failed to fetch http://other.invalid/", install);
    expect(said).toMatch(/^apt-get install nix-bin patchelf: failed\.\nE: You don't have enough free space/);
  });
});
