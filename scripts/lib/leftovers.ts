/** What a test that was killed leaves on the docker host. */
import { run } from "./exec.ts";

/** Removes containers, networks and volumes of the scratch stacks of one test run; gives their names. */
export async function removeLeftovers(testRun: string, env: NodeJS.ProcessEnv): Promise<string[]> {
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
