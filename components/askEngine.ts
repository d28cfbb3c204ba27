/** Asks a docker host which engine it is. */
import { askDocker, BRIEF, PATIENT } from "./askDocker.ts";
import type { DockerHost } from "./dockerHost.ts";

/** The engine's id, or what docker's client said instead. */
export type Answer = { engine: string } | { words: string };

/** @param preview Whether to give up early. */
export async function askEngine(host: DockerHost, preview: boolean): Promise<Answer> {
  const args = ["info", "--format", "{{.ID}}"];
  const { stdout, stderr, error } = await askDocker(args, host, preview ? BRIEF : PATIENT);
  const engine = stdout.trim();
  // Some clients end well without a daemon, and some end ill beside an answer.
  return engine !== "" ? { engine } : { words: error ?? (stderr.trim() || "it said nothing") };
}
