/** Docker Engine: found if one answers, started if it is only installed. A running daemon is never touched. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { run, tail, which } from "../lib/process.ts";
import { UserError } from "../lib/userError.ts";
import { found, isRoot, lacking, type Probe } from "./probe.ts";

/** Log of a daemon that set-up started. */
const LOG = ".state/dockerd.log";

/** Longest time for a daemon to answer after its start, in milliseconds: 2 to 4 s were measured. */
const START_LIMIT_MS = 40_000;

/** The only fault that a start fixes. */
const NO_ANSWER = "no daemon answers";

/** Servers are not on every user's PATH. */
const path = (): string => `${process.env["PATH"]}:/usr/sbin:/sbin`;

export async function probeDocker(): Promise<Probe> {
  if (which("docker") === undefined) return lacking("no docker client", "Run `apt-get install docker.io`.");
  const { code, output } = await run("docker", ["version", "--format", "{{.Server.Version}}"]);
  if (code === 0) return found(`Docker Engine ${output.trim()}`);
  const why = (form: RegExp) => form.exec(output)?.[0];
  const denied = why(/permission denied/i);
  if (denied !== undefined)
    return lacking(
      "this user may not talk to the daemon",
      "Run `sudo usermod -aG docker $USER`, then log in again.",
    );
  const apart = why(/client version \S+ is too (old|new)\b.*|API version \S+ is not supported by .*/i);
  if (apart !== undefined)
    return lacking(
      `client and daemon are too far apart (${apart})`,
      "Install docker 25 or newer in place of the older of the two.",
    );
  const host = process.env["DOCKER_HOST"];
  return host
    ? lacking(`no daemon answers at DOCKER_HOST ${host}`, "Start it there, or unset DOCKER_HOST.")
    : lacking(NO_ANSWER, "Start it: `systemctl start docker`, or `dockerd &` as root.");
}

/** Whether there is a daemon to start; else Debian's package has to be installed first. */
export const daemonInstalled = (): boolean => which("dockerd", path()) !== undefined;

/**
 * Starts the installed daemon and waits until it answers.
 *
 * @returns What was found or done.
 * @throws UserError if this user may not, or the daemon does not come up.
 */
export async function startDocker(): Promise<string> {
  const host = process.env["DOCKER_HOST"] ?? "";
  // Another machine is not set-up's to start, and not needed for a preview.
  if (which("docker") !== undefined && /^(ssh|tcp):/.test(host))
    return `client only; the docker host is ${host}`;
  const probe = await probeDocker();
  if (probe.ok) return `${probe.text}, running already`;
  if (probe.text !== NO_ANSWER || !isRoot()) throw new UserError(`docker: ${probe.text}. ${probe.fix}`);
  const systemd = existsSync("/run/systemd/system");
  const start = performance.now();
  const unit = systemd ? await run("systemctl", ["start", "docker"], { optional: true }) : undefined;
  const hasFailed = unit === undefined ? startDaemon() : () => unit.code !== 0;
  while (performance.now() - start < START_LIMIT_MS) {
    // Looked at before the probe: if two set-ups start it at once, one daemon ends and the other answers.
    const failed = hasFailed();
    const now = await probeDocker();
    if (now.ok) return `${now.text}, started ${systemd ? "by systemd" : `(log: ${LOG})`}`;
    if (failed) break;
    await sleep(200);
  }
  const log = systemd
    ? (await run("journalctl", ["-u", "docker", "-n", "15", "--no-pager"], { optional: true })).output
    : readFileSync(LOG, "utf8");
  throw new UserError(
    `docker: the daemon does not come up. Fix what its log names, then run this again:\n${tail(log, 15)}`,
  );
}

/** @returns Whether it has ended since. */
function startDaemon(): () => boolean {
  mkdirSync(".state", { recursive: true });
  const log = openSync(LOG, "a");
  const env = { ...process.env, PATH: path() };
  const child = spawn("dockerd", [], { detached: true, stdio: ["ignore", log, log], env });
  let ended = false;
  for (const event of ["error", "exit"]) child.on(event, () => (ended = true));
  writeFileSync(".state/dockerd.pid", `${child.pid}\n`);
  child.unref();
  return () => ended;
}
