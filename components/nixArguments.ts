/** The arguments of every Nix command of this project: which package set, which application. */
export const nixArguments = (packages: string, application: string): string[] => [
  "nix",
  "--argstr",
  "packages",
  packages,
  "--argstr",
  "application",
  application,
];
