import { afterEach, expect, it, vi } from "vitest";
import { choosePackages } from "../../../setup/nix.ts";
import { errors, load } from "../../support/configuration.ts";

afterEach(() => vi.unstubAllEnvs());

// An unknown name reached Nix.
it.each(["host", "Debian", "a\nb"])("is refused by set-up and by the program: %j", async (name) => {
  const message = `AGATHA_PACKAGES: ${JSON.stringify(name)} is not a package set. Use nixpkgs or debian, or unset it.`;
  vi.stubEnv("AGATHA_PACKAGES", name);
  await expect(choosePackages()).rejects.toThrow(message);
  expect(errors({}, { packages: name })).toEqual([message]);
  // The stack's own choice counts.
  expect(load({ packages: "nixpkgs" }, { packages: name }).packages).toBe("nixpkgs");
});

it.each(["nixpkgs", "debian"] as const)("%s is taken", async (name) => {
  vi.stubEnv("AGATHA_PACKAGES", name);
  expect(await choosePackages()).toBe(name);
  expect(load({}, { packages: name }).packages).toBe(name);
});
