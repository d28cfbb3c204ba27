/** Asks a docker host which engine it is, and for which system its containers are. */
import { askDocker, BRIEF, PATIENT } from "./ask.ts";
import type { DockerHost } from "./host.ts";
import { systemOf } from "./system.ts";

/** The engine's id and system (undefined where it does not say), or what docker's client said instead. */
export type Answer = { engine: string; system: string | undefined } | { words: string };

/** @param preview Whether to give up early. */
export async function askEngine(host: DockerHost, preview: boolean): Promise<Answer> {
  const args = ["info", "--format", "{{.ID}} {{.OSType}} {{.Architecture}}"];
  const limits = preview ? BRIEF : PATIENT;
  const { stdout, stderr, error } = await askDocker(args, host, limits);
  // Not trimmed before: an id that lacks leaves its place empty.
  const [engine = "", osType, architecture] = stdout.trimEnd().split(" ");
  if (engine !== "") return { engine, system: systemOf(osType, architecture) };
  // Client 20.10 fails at the template where it has no answer, and does not say why it has none.
  const why = error?.startsWith("template:")
    ? (await askDocker(["version", "--format", "{{.Server.Version}}"], host, limits)).error
    : error;
  // Some clients end well without a daemon, and some end ill beside an answer.
  return { words: why ?? (stderr.trim() || "it said nothing") };
}
