/** Asks a docker host which daemon it runs, and for which system its containers are. */
import { askDocker, BRIEF, PATIENT } from "./ask.ts";
import type { DockerHost } from "./host.ts";
import { systemOf } from "./system.ts";

/** The docker engine's id and system (undefined if it does not report one), or why there is no answer. */
export type Daemon = { engine: string; system: string | undefined } | { words: string };

/** @param preview Whether to give up early. */
export async function askDaemon(host: DockerHost, preview: boolean): Promise<Daemon> {
  const args = ["info", "--format", "{{.ID}} {{.OSType}} {{.Architecture}}"];
  const limits = preview ? BRIEF : PATIENT;
  const { stdout, stderr, error } = await askDocker(args, host, limits);
  // The beginning is not trimmed: an id that is missing leaves its place empty.
  const [engine = "", osType, architecture] = stdout.trimEnd().split(" ");
  if (engine !== "") return { engine, system: systemOf(osType, architecture) };
  // Without an answer, client 20.10 fails at the template and does not say why.
  const why = error?.startsWith("template:")
    ? (await askDocker(["version", "--format", "{{.Server.Version}}"], host, limits)).error
    : error;
  // Some clients succeed without a daemon, and some fail although they have an answer.
  return { words: why ?? (stderr.trim() || "it said nothing") };
}
