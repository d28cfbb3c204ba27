import { afterEach, expect, it, vi } from "vitest";
import { choosePackages } from "../../../setup/nix.ts";
import { errors, load } from "../../support/configuration.ts";

afterEach(() => vi.unstubAllEnvs());

// An unknown name reached Nix.
it.each(["host", "Debian", "a\nb"])("is refused by set-up and by the program: %j", async (name) => {
  const wrong = `${JSON.stringify(name)} is not a package set. Use`;
  vi.stubEnv("AGATHA_PACKAGES", name);
  await expect(choosePackages()).rejects.toThrow(`AGATHA_PACKAGES: ${wrong} nixpkgs or debian, or unset it.`);
  expect(errors({}, { packages: name })).toEqual([
    `agatha:packages: ${wrong} "nixpkgs" (the pin) or "debian" (this machine's Debian packages, once called "host"), also in AGATHA_PACKAGES.`,
  ]);
  // The stack's own choice counts.
  expect(load({ packages: "nixpkgs" }, { packages: name }).packages).toBe("nixpkgs");
});

it.each(["nixpkgs", "debian"] as const)("%s is taken", async (name) => {
  vi.stubEnv("AGATHA_PACKAGES", name);
  expect(await choosePackages()).toBe(name);
  expect(load({}, { packages: name }).packages).toBe(name);
});
