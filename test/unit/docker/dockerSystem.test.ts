import { expect, it } from "vitest";
import type { Config } from "../../../lib/config/schema.ts";
import { askedSystem, systemOf } from "../../../lib/docker/system.ts";
import { noBuilder } from "../../../lib/images/builder.ts";
import { refuseOtherSystem } from "../../../lib/images/planForHost.ts";

it.each([
  ["docker on x86_64", "linux", "x86_64", "x86_64-linux"],
  ["docker on arm64", "linux", "aarch64", "aarch64-linux"],
  ["podman on x86_64", "linux", "amd64", "x86_64-linux"],
  ["podman on arm64", "linux", "arm64", "aarch64-linux"],
  ["docker on 32 bits", "linux", "armv7l", "armv7l-linux"],
  ["Windows containers", "windows", "x86_64", "x86_64-windows"],
  ["a client that does not say", "", "", undefined],
  ["a client of before", undefined, undefined, undefined],
])("knows the system of %s", (_, osType, architecture, expected) => {
  expect(systemOf(osType, architecture)).toBe(expected);
});

it("takes the system that the environment names, if images can be built for it", () => {
  expect(askedSystem({})).toBeUndefined();
  expect(askedSystem({ AGATHA_SYSTEM: "" })).toBeUndefined();
  expect(askedSystem({ AGATHA_SYSTEM: "aarch64-linux" })).toBe("aarch64-linux");
  expect(() => askedSystem({ AGATHA_SYSTEM: "aarch64-darwin" })).toThrow(
    'AGATHA_SYSTEM: "aarch64-darwin" is not a system that images are built for. Set it to x86_64-linux or aarch64-linux, or unset it: the docker host is asked.',
  );
});

it("does not use this machine's packages for another system", () => {
  const config = (packages: "debian" | "nixpkgs") => ({ packages }) as Config;
  expect(() => refuseOtherSystem(config("debian"), "x86_64-linux", false)).toThrow(
    /^agatha:packages: "debian" takes the packages of an x86_64 Linux, and this is \w+ \w+\. Set it to "nixpkgs"\.$/,
  );
  refuseOtherSystem(config("debian"), "x86_64-linux", true);
  refuseOtherSystem(config("nixpkgs"), "x86_64-linux", false);
});

/** What Nix prints for want of a builder: 2.8, as it did here, and later ones, as their source has it. */
const OLD = `error: a 'aarch64-linux' with features {} is required to build '/nix/store/x-agatha-builder-probe.drv', but I am a 'x86_64-linux' with features {}`;
const NEW = `error: Cannot build '/nix/store/x-agatha-builder-probe.drv'.
       Reason: required system or feature not available
       Required system: 'aarch64-linux' with features {}
       Current system: 'x86_64-linux' with features {}`;

it.each([
  ["2.8", OLD, true],
  ["2.30", NEW, true],
  ["a build that failed", "error: builder for '/nix/store/x.drv' failed with exit code 1", false],
  ["a build that went well", "building '/nix/store/x.drv'...", false],
])("knows from Nix's output whether a builder is missing: %s", (_, words, expected) => {
  expect(noBuilder("aarch64-linux", "ssh://deploy@host", words) !== undefined).toBe(expected);
});

it("names the system, the host and the fix", () => {
  const sentence = (words: string) => noBuilder("aarch64-linux", "ssh://deploy@host", words);
  expect(sentence(OLD)).toBe(
    "nix: images for aarch64-linux are wanted, for the docker host ssh://deploy@host, and this machine's Nix has no builder for that. Give it one as docs/platforms.md describes, or run up from a machine of that system.",
  );
  const away = `cannot build on 'ssh-ng://builder@arm': error: failed to start SSH connection to 'builder@arm'\n${OLD}`;
  expect(sentence(away)).toContain("does not reach its builder ssh-ng://builder@arm. Give it one");
});
