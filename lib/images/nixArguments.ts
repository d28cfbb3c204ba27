/**
 * The arguments of every Nix command of this project: which package set, which application.
 *
 * @param system What it is built for. Default: `AGATHA_SYSTEM`, else Linux on this machine's architecture.
 */
export const nixArguments = (packages: string, application: string, system?: string): string[] => [
  ...["nix", "--argstr", "packages", packages, "--argstr", "application", application],
  ...(system === undefined ? [] : ["--argstr", "system", system]),
];

/**
 * The message of one of our own Nix files, if one refused: `agatha:back.jar: …`. With Nix 2.8 its line begins with `error: `;
 * newer versions print a trace first and indent it. A message from a build is in its log, whose lines Nix repeats as `> …` or
 * `NAME> …`.
 */
export function ownSentence(stderr: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Nix colours its errors.
  const plain = stderr.replace(/\u001b\[[0-9;]*m/g, "");
  return /^[ \t]*(?:error: |[\w.+-]*> )?(agatha:[^\r\n]*)/m.exec(plain)?.[1];
}
