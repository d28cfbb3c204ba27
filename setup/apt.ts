/** Debian packages: which are installed, and the installation of those that are not, all at once. */
import { run, tail, which } from "../lib/process.ts";
import { UserError } from "../lib/userError.ts";
import { isRoot } from "./probe.ts";

/** Which of the packages are not installed; none if this is no Debian. */
export async function missingPackages(packages: string[]): Promise<string[]> {
  if (which("dpkg-query") === undefined || packages.length === 0) return [];
  const format = "${Package} ${db:Status-Status}\n";
  const { stdout } = await run("dpkg-query", ["-W", "-f", format, ...packages]);
  const installed = new Set(stdout.split("\n"));
  return packages.filter((name) => !installed.has(`${name} installed`));
}

/**
 * Installs packages without their recommendations, and without asking anything.
 *
 * @throws UserError with the command to run if this user may not, or with apt's errors.
 */
export async function installPackages(packages: string[]): Promise<void> {
  const list = packages.join(" ");
  if (which("apt-get") === undefined)
    throw new UserError(
      `set-up: ${list} cannot be installed, since this is no Debian. Install their equivalents by hand, then run this again.`,
    );
  if (!isRoot())
    throw new UserError(
      `set-up: ${list} are missing, and this user is not root. Run \`sudo apt-get install ${list}\` and then this again, or this as root.`,
    );
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  // A fresh machine has no lists, or old ones; one of several sources may well be unreachable.
  const update = await run("apt-get", ["update"], { env });
  // A fresh machine upgrades itself at its first boot: wait for its lock. Keep the owner's configuration files.
  const how = ["-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Options::=--force-confold"];
  const args = ["install", "-y", "--no-install-recommends", ...how, ...packages];
  const install = await run("apt-get", args, { env });
  if (install.code !== 0) throw new UserError(aptFailure(packages, update.output, install.output));
}

/** Why an installation failed: what apt says of its sources, of which there may be many, and of the packages. */
export function aptFailure(packages: string[], update: string, install: string): string {
  const [unread, errors] = [update, install].map((output) =>
    output.split("\n").filter((entry) => /^(E: |W: (Failed to fetch|The repository))/.test(entry)),
  ) as [string[], string[]];
  const said = errors.length > 0 ? errors.slice(0, 8) : [tail(install, 15)];
  const shown = [...unread.slice(0, 4), ...said].join("\n");
  return `apt-get install ${packages.join(" ")}: failed.\n${shown}\nFix what it names, then run this again.`;
}
