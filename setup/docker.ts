/** Docker Engine: found where one answers, started where it is only installed. A running daemon is never touched. */

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { hostSentence } from "../lib/docker/errors.ts";
import { run, tail, which } from "../lib/process.ts";
import { UserError } from "../lib/userError.ts";
import { found, isRoot, lacking, type Probe } from "./probe.ts";

/** Where a daemon that set-up started writes its log. */
const LOG = ".state/dockerd.log";

/** Longest time for a daemon to answer after its start, in seconds: 2 to 4 were measured. */
const START_LIMIT = 40;

/** What a person or set-up puts right by a start. */
const NO_ANSWER = "no daemon answers";

export async function probeDocker(): Promise<Probe> {
  if (which("docker") === undefined) return lacking("no docker client", "Run `apt-get install docker.io`.");
  const { code, output } = await run("docker", ["version", "--format", "{{.Server.Version}}"]);
  if (code === 0) return found(`Docker Engine ${output.trim()}`);
  if (/permission denied/i.test(output))
    return lacking(
      "this user may not talk to the daemon",
      "Run `sudo usermod -aG docker $USER`, then log in again.",
    );
  const apart = /client version \S+ is too (old|new)\b.*|API version \S+ is not supported by .*/i.exec(
    output,
  );
  if (apart !== null)
    return lacking(
      `client and daemon are too far apart (${apart[0]})`,
      "Install docker 25 or newer in place of the older of the two.",
    );
  const host = process.env["DOCKER_HOST"];
  if (host !== undefined && host !== "")
    return lacking(`no daemon answers at DOCKER_HOST ${host}`, "Start it there, or unset DOCKER_HOST.");
  return lacking(NO_ANSWER, "Start it: `systemctl start docker`, or `dockerd &` as root.");
}

/** Whether the docker host is another machine: not set-up's to start, and not needed for a preview. */
export const remoteHost = (): boolean => /^(ssh|tcp):/.test(process.env["DOCKER_HOST"] ?? "");

/** Whether there is a daemon to start: else Debian's package has to be installed first. */
export const daemonInstalled = (): boolean =>
  which("dockerd", `${process.env["PATH"]}:/usr/sbin:/sbin`) !== undefined;

/**
 * Starts the installed daemon and waits until it answers.
 *
 * @throws UserError where this user may not, or where the daemon does not come up.
 */
export async function startDocker(): Promise<string> {
  if (which("docker") !== undefined && remoteHost())
    return `client only; the docker host is ${process.env["DOCKER_HOST"]}`;
  const probe = await probeDocker();
  if (probe.ok) return `${probe.text}, running already`;
  if (process.env["DOCKER_HOST"] || !isRoot() || probe.text !== NO_ANSWER)
    throw new UserError(`docker: ${probe.text}. ${probe.fix}`);
  const systemd = existsSync("/run/systemd/system");
  const start = performance.now();
  const gaveUp = systemd ? await startUnit() : startDaemon();
  while (performance.now() - start < START_LIMIT * 1000) {
    // Asked first: where two start it at once, one daemon ends and the other answers.
    const over = gaveUp();
    const now = await probeDocker();
    if (now.ok) return `${now.text}, started ${systemd ? "by systemd" : `(log: ${LOG})`}`;
    if (over) break;
    await sleep(200);
  }
  const log = systemd
    ? (await run("journalctl", ["-u", "docker", "-n", "15", "--no-pager"], { optional: true })).output
    : readFileSync(LOG, "utf8");
  throw new UserError(
    `docker: the daemon does not come up. Fix what its log names, then run this again:\n${tail(log, 15)}`,
  );
}

/** @returns Whether systemd gave it up. */
async function startUnit(): Promise<() => boolean> {
  const { code } = await run("systemctl", ["start", "docker"], { optional: true });
  return () => code !== 0;
}

/** @returns Whether it has ended since. */
function startDaemon(): () => boolean {
  mkdirSync(".state", { recursive: true });
  const log = openSync(LOG, "a");
  const env = { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` };
  const child = spawn("dockerd", [], { detached: true, stdio: ["ignore", log, log], env });
  let ended = false;
  const end = () => {
    ended = true;
  };
  child.on("error", end);
  child.on("exit", end);
  writeFileSync(".state/dockerd.pid", `${child.pid}\n`);
  child.unref();
  return () => ended;
}

/**
 * Why a docker command failed: for want of a daemon to talk to, or as it says itself.
 *
 * @param env What the command ran in: of a host that is named there, it is told what docker's client says of it.
 */
export async function dockerFailure(
  what: string,
  output: string,
  env: NodeJS.ProcessEnv,
): Promise<UserError> {
  const words = `${what}: ${output.trim()}`;
  const host = env["DOCKER_HOST"];
  if (host) return new UserError(hostSentence(output, host) ?? words);
  const probe = await probeDocker();
  return new UserError(probe.ok ? words : `docker: ${probe.text}. ${probe.fix}`);
}
