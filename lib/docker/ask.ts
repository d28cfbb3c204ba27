/** Asks a docker host by docker's client, with a limit to the wait. */
import { execFile } from "node:child_process";
import { type DockerHost, isLocal } from "./host.ts";

/** Longest times for an answer, in milliseconds: from this machine, and from another, with ssh's greeting. */
export interface Limits {
  local: number;
  remote: number;
}

/** For a preview, which must not wait for a host that is away, and for what can be done without. Guesses. */
export const BRIEF: Limits = { local: 2000, remote: 10_000 };

/** For an update, which cannot go on without the answer: a host under load takes its time. Guesses. */
export const PATIENT: Limits = { local: 30_000, remote: 60_000 };

/** Most that an answer may hold, in bytes: Node's own limit is the schema history of some thousand migrations. */
const MAX_BUFFER = 64 * 1024 * 1024;

/** What docker's client printed. */
export interface Answer {
  stdout: string;
  stderr: string;
  /** Why there is no answer, or not a whole one, in docker's words; undefined where it ended well. */
  error: string | undefined;
}

/** Never rejects: no answer is one too. */
export function askDocker(args: string[], host: DockerHost, limits: Limits = BRIEF): Promise<Answer> {
  const env = { ...process.env, ...host.env };
  const timeout = isLocal(host) ? limits.local : limits.remote;
  return new Promise((resolve) => {
    const child = execFile(
      "docker",
      args,
      { env, timeout, maxBuffer: MAX_BUFFER },
      (error, stdout, stderr) => {
        // A client may end well when the limit ends it.
        const late = child.killed ? `timed out after ${timeout / 1000} s` : undefined;
        const well = error === null && late === undefined;
        resolve({ stdout, stderr, error: well ? undefined : words(error?.code, stderr, late) });
      },
    );
  });
}

function words(code: unknown, stderr: string, late: string | undefined): string {
  if (code === "ENOENT") return "docker's client is not on PATH. Run `npm run doctor`.";
  return stderr.trim() || (late ?? `it ended with ${code} and said nothing`);
}
