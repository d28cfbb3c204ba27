/** Containers for a while, which an update that was killed leaves on the docker host: its trials, its migration, … */
import { run } from "../process.ts";
import { line } from "../report.ts";
import { UserError } from "../userError.ts";

/** A container as `docker ps` tells it. */
export interface Temporary {
  id: string;
  name: string;
}

/** Labels `agatha.service` that only containers for a while have: trials, couriers of files, Flyway. */
const LABELS = /^(.+-trial|.+-files|migrate)$/;

/**
 * The servers of an upgrade, which share their label with containers that `npm run adopt` has without any lock. Those
 * have other names, and end with it or begin anew.
 */
const UPGRADE = /-upgrade-(old|new)$/;

/** Which of a stack's containers are there for an update alone. @param output Lines of id, name and service, by tabs. */
export function temporaryIn(output: string): Temporary[] {
  const rows = output.split("\n").filter(Boolean);
  return rows.flatMap((row) => {
    const [id = "", name = "", service = ""] = row.split("\t");
    return LABELS.test(service) || (service === "db-work" && UPGRADE.test(name)) ? [{ id, name }] : [];
  });
}

/** Those of a stack. Where docker cannot be asked there are none: whoever needs it says so. */
export async function temporaryOf(stack: string, env: NodeJS.ProcessEnv): Promise<Temporary[]> {
  const format = '{{.ID}}\t{{.Names}}\t{{.Label "agatha.service"}}';
  const args = ["ps", "--all", "--no-trunc", "--filter", `label=agatha.stack=${stack}`, "--format", format];
  const { code, output } = await run("docker", args, { env });
  return code === 0 ? temporaryIn(output) : [];
}

/** Removes them; one that has gone meanwhile is no failure. @throws UserError in docker's words. */
export async function removeTemporary(found: Temporary[], env: NodeJS.ProcessEnv): Promise<void> {
  for (const { id, name } of found) {
    const { code, output } = await run("docker", ["rm", "--force", "--volumes", id], { env });
    if (code !== 0 && !/no such container|already in progress/i.test(output))
      throw new UserError(`docker rm ${name}: ${output.trim()}`);
    if (code === 0) line("docker", `an update was killed: its container ${name} is taken away`);
  }
}
