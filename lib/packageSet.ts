/** The package sets: `nixpkgs` is the pin, `debian` is made of this machine's Debian packages. */
export type PackageSet = "nixpkgs" | "debian";

/** @returns What is wrong with AGATHA_PACKAGES, and the fix; undefined if it names a package set. */
export const wrongPackages = (name: string): string | undefined =>
  name === "nixpkgs" || name === "debian"
    ? undefined
    : `AGATHA_PACKAGES: ${JSON.stringify(name)} is not a package set. Use nixpkgs or debian, or unset it.`;
