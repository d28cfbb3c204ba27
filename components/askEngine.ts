/** Asks a docker host which engine it is. */
import { execFile } from "node:child_process";
import { type DockerHost, isLocal } from "./dockerHost.ts";

/** Longest times for its answer, in milliseconds: a preview must not wait for a host that is away. */
const TIME_LIMITS = { preview: { local: 2000, remote: 5000 }, update: { local: 30_000, remote: 60_000 } };

/** The engine's id, or what docker's client said instead. */
export type Answer = { engine: string } | { words: string };

/** @param preview Whether to give up early. */
export function askEngine(host: DockerHost, preview: boolean): Promise<Answer> {
  const limits = TIME_LIMITS[preview ? "preview" : "update"];
  const timeout = isLocal(host) ? limits.local : limits.remote;
  const env = { ...process.env, ...host.env };
  return new Promise((resolve) => {
    execFile("docker", ["info", "--format", "{{.ID}}"], { env, timeout }, (error, stdout, stderr) => {
      const engine = stdout.trim();
      if (engine !== "") return resolve({ engine });
      const code = (error as NodeJS.ErrnoException | null)?.code;
      if (code === "ENOENT")
        return resolve({ words: "docker's client is not on PATH. Run `npm run doctor`." });
      resolve({ words: stderr.trim() || `timed out after ${timeout / 1000} s` });
    });
  });
}
