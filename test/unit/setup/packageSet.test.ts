import { afterEach, expect, it, vi } from "vitest";
import { choosePackages } from "../../../setup/nix.ts";
import { errors, load } from "../../support/configuration.ts";

afterEach(() => vi.unstubAllEnvs());

// An unknown name reached Nix.
it("is refused by set-up, but for the former name in a shell that read env.sh before", async () => {
  vi.stubEnv("AGATHA_PACKAGES", "Debian");
  await expect(choosePackages()).rejects.toThrow(
    'AGATHA_PACKAGES: "Debian" is not a package set. Use nixpkgs or debian, or unset it.',
  );
  vi.stubEnv("AGATHA_PACKAGES", "host");
  expect(await choosePackages()).toBe("debian");
});

it.each([
  ["host", 'is called "debian" now. Unset it and run `npm run setup`, or set it to debian.'],
  ["Debian", "is not a package set. Use nixpkgs or debian, or unset it."],
  ["a\nb", "is not a package set. Use nixpkgs or debian, or unset it."],
])("is refused with its fix: %s", (name, wrong) => {
  const message = `AGATHA_PACKAGES: ${JSON.stringify(name)} ${wrong}`;
  expect(errors({}, { packages: name })).toEqual([message]);
  // The stack's own choice counts.
  expect(load({ packages: "nixpkgs" }, { packages: name }).packages).toBe("nixpkgs");
});

it.each(["nixpkgs", "debian"] as const)("%s is taken", async (name) => {
  vi.stubEnv("AGATHA_PACKAGES", name);
  expect(await choosePackages()).toBe(name);
  expect(load({}, { packages: name }).packages).toBe(name);
});
