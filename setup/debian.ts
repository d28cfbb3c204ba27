/** Debian packages: which are there, and the installation of those that are not, in one go. */

import { readFileSync } from "node:fs";
import { run, tail, which } from "../lib/process.ts";
import { UserError } from "../lib/userError.ts";
import { isRoot } from "./probe.ts";

/** The packages that the `debian` package set is made of. */
export function hostPackages(): string[] {
  const text = readFileSync("offline/packages/debian-packages.txt", "utf8");
  return text
    .split("\n")
    .map((entry) => entry.replace(/#.*/, "").trim())
    .filter(Boolean);
}

/** Which of the packages are not installed; none where this is no Debian. */
export async function missingPackages(packages: string[]): Promise<string[]> {
  if (which("dpkg-query") === undefined || packages.length === 0) return [];
  const { output } = await run("dpkg-query", ["-W", "-f", "${Package} ${db:Status-Status}\n", ...packages]);
  const installed = new Set(
    output
      .split("\n")
      .filter((entry) => entry.endsWith(" installed"))
      .map((entry) => entry.split(" ")[0]),
  );
  return packages.filter((name) => !installed.has(name));
}

/**
 * Installs packages, without those they only recommend, and without asking anything.
 *
 * @throws UserError with the command to run where this user may not, or with what apt says.
 */
export async function installPackages(packages: string[]): Promise<void> {
  const list = packages.join(" ");
  if (which("apt-get") === undefined)
    throw new UserError(
      `set-up: ${list} cannot be installed, this is no Debian. Install their like by hand, then run this again.`,
    );
  if (!isRoot())
    throw new UserError(
      `set-up: ${list} are missing, and this user is not root. Run \`sudo apt-get install ${list}\` and then this again, or this as root.`,
    );
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  // The lists of a fresh machine are empty or old; one of several sources may well be out of reach.
  const update = await run("apt-get", ["update"], { env });
  // A fresh machine upgrades itself at its first boot: wait for its lock. What its owner configured stays.
  const manner = ["-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Options::=--force-confold"];
  const install = await run("apt-get", ["install", "-y", "--no-install-recommends", ...manner, ...packages], {
    env,
  });
  if (install.code !== 0) throw new UserError(aptFailure(packages, update.output, install.output));
}

/** Why an installation failed; packages that apt does not know are for want of lists, which `update` tells of. */
export function aptFailure(packages: string[], update: string, install: string): string {
  const unread = update.split("\n").filter((entry) => /^[WE]: (Failed to fetch|The repository)/.test(entry));
  if (unread.length > 0 && /Unable to locate package|has no installation candidate/.test(install))
    return `apt-get update: ${unread[0]?.slice(3).trim()}. Fix apt's sources or the network, then run this again.`;
  const errors = install.split("\n").filter((entry) => entry.startsWith("E: "));
  const said = errors.length > 0 ? errors.slice(0, 8).join("\n") : tail(install, 15);
  return `apt-get install ${packages.join(" ")}: failed.\n${said}\nMend what it names, then run this again.`;
}
