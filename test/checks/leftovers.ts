/** What a killed test leaves on the docker host and on this machine. */
import { globSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removal } from "../../lib/docker/arguments.ts";
import { run } from "../../lib/process.ts";
import { line } from "../../lib/progress.ts";
import { removeEngines } from "../support/engineRemoval.ts";

/** Removes and prints all that the stacks and docker hosts of one test run left, as killed tests do. */
export async function removeAllLeftovers(testRun: string, env: NodeJS.ProcessEnv): Promise<void> {
  const removed = [...(await removeLeftovers(testRun, env)), ...(await removeEngines(testRun))];
  if (removed.length > 0) line("left behind", `and removed: ${removed.join(", ")}`);
}

/** Removes all that the scratch stacks of one test run left, but for images. @returns Their names. */
export async function removeLeftovers(testRun: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  return [...(await removeFromDocker(testRun, env)), ...removeFiles(testRun, ".", tmpdir())];
}

/** Removes containers, networks and volumes. @returns Their names. */
async function removeFromDocker(testRun: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  const removed: string[] = [];
  for (const kind of ["container", "network", "volume"] as const) {
    const how = kind === "container" ? ["--all", "--format", "{{.Names}}"] : ["--format", "{{.Name}}"];
    const listing = [kind, "ls", "--filter", "label=agatha.stack", ...how];
    const { code, output } = await run("docker", listing, { env });
    if (code !== 0) return removed;
    for (const name of output.split("\n").filter((entry) => entry.startsWith(`agatha-test-${testRun}-`)))
      if ((await run("docker", removal(kind, name), { env })).code === 0) removed.push(name);
  }
  return removed;
}

/**
 * Removes the stacks' files, their roots of the Nix store and backups, and their folders.
 *
 * @param clone Where this repository lies.
 * @param temporary The folder for temporary files.
 * @returns Their paths.
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
  const paths = places.flatMap(([folder, beginning]) => globSync(join(folder, `${beginning}*`)));
  for (const path of paths) rmSync(path, { recursive: true, force: true });
  return paths;
}
