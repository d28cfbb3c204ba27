/** What a test that was killed leaves on the docker host and on this machine. */

import { existsSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../lib/process.ts";

/** Removes all that the scratch stacks of one test run left; gives the names. Images stay. */
export async function removeLeftovers(testRun: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  return [...(await removeFromDocker(testRun, env)), ...removeFiles(testRun, ".", tmpdir())];
}

/** Removes containers, networks and volumes; gives their names. */
async function removeFromDocker(testRun: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  const removed: string[] = [];
  for (const kind of ["container", "network", "volume"]) {
    const listing = [
      kind,
      "ls",
      ...(kind === "container" ? ["--all"] : []),
      "--filter",
      "label=agatha.stack",
    ];
    const format = `{{.${kind === "container" ? "Names" : "Name"}}}`;
    const { code, output } = await run("docker", [...listing, "--format", format], { env });
    if (code !== 0) return removed;
    for (const name of output.split("\n").filter((entry) => entry.startsWith(`agatha-test-${testRun}-`))) {
      const force = kind === "network" ? [] : kind === "volume" ? ["--force"] : ["--force", "--volumes"];
      if ((await run("docker", [kind, "rm", ...force, name], { env })).code === 0) removed.push(name);
    }
  }
  return removed;
}

/**
 * Removes the stacks' files, their roots of the Nix store and backups, and their folders; gives their paths.
 *
 * @param clone Where this repository lies.
 * @param temporary The folder for temporary files.
 */
export function removeFiles(testRun: string, clone: string, temporary: string): string[] {
  const stack = `test-${testRun}-`;
  const places: [string, string][] = [
    [clone, `Pulumi.${stack}`],
    [join(clone, "deployments"), `Pulumi.${stack}`],
    [join(clone, ".state/gcroots"), stack],
    [join(clone, ".state/backups"), stack],
    [temporary, `agatha-${stack}`],
  ];
  const paths = places
    .filter(([folder]) => existsSync(folder))
    .flatMap(([folder, beginning]) =>
      readdirSync(folder)
        .filter((name) => name.startsWith(beginning))
        .map((name) => join(folder, name)),
    );
  for (const path of paths) rmSync(path, { recursive: true, force: true });
  return paths;
}
