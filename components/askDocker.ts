/** Asks a docker host by docker's client, with a limit to the wait. */
import { execFile } from "node:child_process";
import { type DockerHost, isLocal } from "./dockerHost.ts";

/** Longest times for an answer, in milliseconds: from this machine, and from another, with ssh's greeting. */
export interface Limits {
  local: number;
  remote: number;
}

/** For a preview, which must not wait for a host that is away, and for what can be done without. Guesses. */
export const BRIEF: Limits = { local: 2000, remote: 10_000 };

/** For an update, which cannot go on without the answer: a host under load takes its time. Guesses. */
export const PATIENT: Limits = { local: 30_000, remote: 60_000 };

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
    execFile("docker", args, { env, timeout, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ stdout, stderr, error: error === null ? undefined : words(error, stderr, timeout) });
    });
  });
}

function words(error: Error & { code?: unknown; killed?: boolean }, stderr: string, timeout: number): string {
  if (error.code === "ENOENT") return "docker's client is not on PATH. Run `npm run doctor`.";
  return (
    stderr.trim() ||
    (error.killed ? `timed out after ${timeout / 1000} s` : `it ended with ${error.code} and said nothing`)
  );
}
