/** Asks a docker host by docker's client, with a time limit. */
import { endedWith, run } from "../process.ts";
import { type DockerHost, isLocal } from "./host.ts";

/**
 * Longest times for an answer, in milliseconds: from this machine, and from another one by ssh or TCP. Guesses. For a preview,
 * which must not wait for an unreachable host, and for answers that can be done without:
 */
export const BRIEF = { local: 2000, remote: 10_000 };

/** For an update, which cannot go on without the answer: a host under load takes its time. */
export const PATIENT = { local: 30_000, remote: 60_000 };

/** What docker's client printed. */
export interface Answer {
  stdout: string;
  stderr: string;
  /** Why the answer is missing or incomplete, in docker's words; undefined if the client succeeded. */
  error: string | undefined;
}

/** Never rejects: a failure is an answer too. */
export async function askDocker(args: string[], host: DockerHost, limits = BRIEF): Promise<Answer> {
  const timeout = isLocal(host) ? limits.local : limits.remote;
  const env = { ...process.env, ...host.env };
  const { code, stdout, stderr, timedOut } = await run("docker", args, { env, timeout, optional: true });
  if (code === 0) return { stdout, stderr, error: undefined };
  const silent = timedOut
    ? `timed out after ${timeout / 1000} s`
    : `it ${endedWith({ code })} and said nothing`;
  return { stdout, stderr, error: stderr.trim() || silent };
}

/** Whether docker said that it has no such image, in the words of any version. */
export const isDenied = (stderr: string, ref: string): boolean =>
  stderr.split("\n").some((line) => /no such image/i.test(line) && line.trimEnd().endsWith(`: ${ref}`));
