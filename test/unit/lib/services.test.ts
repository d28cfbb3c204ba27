/** What `status` and `logs` print and end with, by a docker that answers as the test says. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";

// It starts programs, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const folder = mkdtempSync(join(tmpdir(), "agatha-services-"));
afterAll(() => rmSync(folder, { recursive: true }));

const NO_SWARM = `[ "$1" != service ] || { echo "Error: This node is not a swarm manager." >&2; exit 1; }`;

function withDocker(script: string, command: string, ...args: string[]) {
  writeFileSync(join(folder, "docker"), `#!/bin/bash\n${NO_SWARM}\n${script}\n`, { mode: 0o755 });
  const env = { ...process.env, PATH: `${folder}:${process.env["PATH"]}`, DOCKER_HOST: "ssh://me@away" };
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [`scripts/${command}.ts`, "--stack", "no-file", ...args],
    { env, encoding: "utf8" },
  );
  return { status, stdout, stderr };
}
const ID = { back: "ff56a72e1d6b", other: "e86d4e0c54cd", front: "0123456789ab", gateway: "ba9876543210" };
const line = (service: string, id = "", name = `agatha-${service}`, status = "Up 1 minute (healthy)") =>
  `printf '${service}\\t${name}\\t${status}\\t\\timage\\t${id}\\n'`;
const lists = (...services: string[]) =>
  services.map((service) => line(service, ID[service as "back"])).join("\n");

/** A gateway that sends requests to the given containers, as HAProxy 2.6 says it. */
const gateway = (back: string, front = ID.front) => {
  const answers = Object.entries({ back, front }).flatMap(([name, id]) => [
    "1",
    "# be_name srv_name srv_admin_state srv_time_since_last_change srv_fqdn",
    ...[`${name} blue 64 60 ${id}`, `${name} green 1 99 -`, `${name} none 0 99 -`, ""],
    "# pxname,svname,scur,status,check_status,last_chk,",
    ...[`${name},blue,3,UP,L7OK,,`, `${name},green,0,MAINT,,,`, ""],
  ]);
  return `if [ "$1" = exec ]; then cat <<'ANSWERS'\n${answers.join("\n")}\nANSWERS\nexit; fi`;
};

describe("status", () => {
  const ALL = lists("db", "back", "front", "gateway");

  it("ends with 0 if every service is healthy, and says for how long each has served", () => {
    const { status, stdout } = withDocker(`${gateway(ID.back)}\n${ALL}`, "status");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^back +Up 1 minute \(healthy\) +for 60 s +image$/m);
  });

  it("shows the rest if the gateway does not answer, says so, and ends with 1", () => {
    const silent = 'if [ "$1" = exec ]; then echo "HAProxy does not answer" >&2; exit 1; fi';
    const { status, stdout } = withDocker(`${silent}\n${ALL}`, "status");
    expect(status).toBe(1);
    expect(stdout).toMatch(/^back +Up 1 minute \(healthy\) +not known +image$/m);
    expect(stdout).toContain(
      "gateway: it does not say who serves: docker exec: HAProxy does not answer. If that lasts, `docker rm --force ba9876543210`, then run up again: that makes the gateway anew.\n",
    );
  });

  // It ended with 0: each service that was there was healthy.
  it("lists a service that is not there, and ends with 1", () => {
    const { status, stdout } = withDocker(lists("front", "db"), "status");
    expect(status).toBe(1);
    expect(stdout.split("\n").map((line) => line.split(/ {2,}/).slice(0, 2))).toEqual([
      ["service", "state"],
      ["db", "Up 1 minute (healthy)"],
      ["back", "is not there"],
      ["front", "Up 1 minute (healthy)"],
      ["gateway", "is not there"],
      [""],
    ]);
  });

  // It said to start a daemon on this machine, or to unset DOCKER_HOST.
  it("says what is wrong with the stack's docker host, not with this machine", () => {
    const words =
      "error during connect: Get http://docker.example.com/v1.41/containers/json: command [ssh -l me -- away docker system dial-stdio] has exited with exit status 255, please make sure the URL is valid, and Docker 18.09 or later is installed on the remote host: stderr=ssh: connect to host away port 22: Connection refused";
    expect(withDocker(`echo "${words}" >&2; exit 1`, "status")).toMatchObject({
      status: 1,
      stderr:
        "docker: ssh://me@away cannot be reached: connect to host away port 22: Connection refused. Check the host and its network, or set agatha:dockerHost.\n",
    });
    expect(withDocker('echo "Error: odd" >&2; exit 1', "status").stderr).toBe(
      "docker container ls: Error: odd\n",
    );
  });
});

describe("logs", () => {
  const logs = (end: string) => `
    if [ "$1" = logs ]; then echo "lines of \${@: -1}"; ${end}; exit; fi
    ${lists("back", "front")}`;

  // It ended at the first that was missing, which is when the others' logs are wanted.
  it("shows the services that are there, then names those that are not", () => {
    expect(withDocker(logs("true"), "logs")).toEqual({
      status: 1,
      stdout: "── back ──\nlines of agatha-back\n── front ──\nlines of agatha-front\n",
      stderr:
        "logs: db, gateway of stack no-file is not there. `npm run up -- --refresh --stack no-file` brings it up.\n",
    });
  });

  it("shows both containers of a service, the one that serves first", () => {
    const two = [
      line("back", ID.other, "agatha-x-back-2"),
      line("back", ID.back, "agatha-x-back-1"),
      line("gateway", ID.gateway),
    ].join("\n");
    const docker = `
      if [ "$1" = logs ]; then echo "lines of \${@: -1}"; exit; fi
      ${gateway(ID.back)}
      ${two}`;
    expect(withDocker(docker, "logs", "back").stdout).toBe(
      "── back: agatha-x-back-1, which serves ──\nlines of agatha-x-back-1\n── back: agatha-x-back-2 ──\nlines of agatha-x-back-2\n",
    );
    expect(withDocker(docker, "logs", "back", "--follow").stdout).toBe(
      "── back: agatha-x-back-1, which serves ──\nlines of agatha-x-back-1\n",
    );
  });

  it("ends with docker's exit code", () => {
    expect(withDocker(logs("true"), "logs", "back")).toMatchObject({ status: 0 });
    expect(withDocker(logs("exit 3"), "logs", "back", "front")).toMatchObject({ status: 3 });
  });
});
