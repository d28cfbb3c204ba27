/** Debian packages: which are there, and the installation of those that are not, in one go. */
import { readFileSync } from "node:fs";
import { lastLines, run, Stop, which } from "../lib/exec.ts";
import { isRoot } from "./probe.ts";

/** The packages that the `host` package set is made of. */
export function hostPackages(): string[] {
  const text = readFileSync("nix/host/debian-packages.txt", "utf8");
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
 * Installs packages, without those they only recommend, and without starting or asking anything.
 *
 * @throws Stop with the command to run where this user may not, or with apt's last lines.
 */
export async function installPackages(packages: string[]): Promise<void> {
  const list = packages.join(" ");
  if (which("apt-get") === undefined)
    throw new Stop(
      `set-up: ${list} cannot be installed, this is no Debian. Install their like by hand, then run this again.`,
    );
  if (!isRoot())
    throw new Stop(
      `set-up: ${list} are missing, and this user is not root. Run \`sudo apt-get install ${list}\`, then run this again.`,
    );
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const install = () => run("apt-get", ["install", "-y", "--no-install-recommends", ...packages], { env });
  // The lists of a fresh machine are empty or old; one of several sources may well be out of reach.
  await run("apt-get", ["update"], { env });
  const { code, output } = await install();
  if (code !== 0)
    throw new Stop(
      `apt-get install ${list} ended with ${code}:\n${lastLines(output, 15)}\nMend what it names, then run this again.`,
    );
}
