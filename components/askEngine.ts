/** Asks a docker host which engine it is, and for which system its containers are. */
import { askDocker, BRIEF, PATIENT } from "./askDocker.ts";
import type { DockerHost } from "./dockerHost.ts";
import { systemOf } from "./dockerSystem.ts";

/** The engine's id and system (undefined where it does not say), or what docker's client said instead. */
export type Answer = { engine: string; system: string | undefined } | { words: string };

/** @param preview Whether to give up early. */
export async function askEngine(host: DockerHost, preview: boolean): Promise<Answer> {
  const args = ["info", "--format", "{{.ID}} {{.OSType}} {{.Architecture}}"];
  const { stdout, stderr, error } = await askDocker(args, host, preview ? BRIEF : PATIENT);
  // Not trimmed before: an id that lacks leaves its place empty.
  const [engine = "", osType, architecture] = stdout.trimEnd().split(" ");
  // Some clients end well without a daemon, and some end ill beside an answer.
  if (engine === "") return { words: error ?? (stderr.trim() || "it said nothing") };
  return { engine, system: systemOf(osType, architecture) };
}
