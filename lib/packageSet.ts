/** The package sets: `nixpkgs` is the pin, `debian` is made of this machine's Debian packages. */
export type PackageSet = "nixpkgs" | "debian";

/** @returns What is wrong with AGATHA_PACKAGES, and the fix; undefined if it names a package set. */
export function wrongPackages(name: string): string | undefined {
  if (name === "nixpkgs" || name === "debian") return undefined;
  const wrong =
    name === "host"
      ? 'is called "debian" now. Unset it and run `npm run setup`, or set it to debian.'
      : "is not a package set. Use nixpkgs or debian, or unset it.";
  return `AGATHA_PACKAGES: ${JSON.stringify(name)} ${wrong}`;
}
