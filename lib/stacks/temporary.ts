/** The temporary containers that a killed update leaves on the docker host: canaries, migrations and so on. */
import { ofStack, SERVICE_LABEL } from "../docker/arguments.ts";
import { run } from "../process.ts";
import { line } from "../progress.ts";
import { removeObject } from "./dockerObjects.ts";

/** A container as `docker ps` lists it. */
interface Temporary {
  id: string;
  name: string;
}

/**
 * Values of the label `agatha.service` that only temporary containers have: canaries, carriers of files and of a certificate,
 * Flyway, what tries the gateway's ports.
 */
const LABELS = /^(.+-trial|.+-files|gateway-certificate|gateway-room|migrate)$/;

/** An upgrade's servers. They share their label with the servers that try a backup, which hold no lock and have other names. */
const UPGRADE = /-upgrade-(old|new)$/;

/** Which of a stack's containers are temporary. @param output Lines of id, name and service, separated by tabs. */
export function temporaryIn(output: string): Temporary[] {
  const rows = output.split("\n").filter(Boolean);
  return rows.flatMap((row) => {
    const [id = "", name = "", service = ""] = row.split("\t");
    return LABELS.test(service) || (service === "db-work" && UPGRADE.test(name)) ? [{ id, name }] : [];
  });
}

/** The stack's temporary containers; none if docker does not answer, which whatever needs it reports. */
export async function temporaryOf(stack: string, env: NodeJS.ProcessEnv): Promise<Temporary[]> {
  const format = `{{.ID}}\t{{.Names}}\t{{.Label "${SERVICE_LABEL}"}}`;
  const args = ["ps", "--all", "--no-trunc", ...ofStack(stack), "--format", format];
  const { code, stdout } = await run("docker", args, { env, optional: true });
  return code === 0 ? temporaryIn(stdout) : [];
}

/** Removes them; one that is gone already is no failure. @throws UserError with docker's error. */
export async function removeTemporary(found: Temporary[], env: NodeJS.ProcessEnv): Promise<void> {
  for (const { id, name } of found)
    if (await removeObject("container", id, env))
      line("docker", `an update was killed: its temporary container ${name} is removed`);
}
