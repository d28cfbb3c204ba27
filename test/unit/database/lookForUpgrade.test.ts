/** What a stack's data is, asked of a docker that answers, says no, or hangs. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Config } from "../../../lib/config/schema.ts";
import { lookForUpgrade } from "../../../lib/database/upgrade/ahead.ts";
import { askDocker } from "../../../lib/docker/ask.ts";
import type { DockerHost } from "../../../lib/docker/host.ts";

const HOST: DockerHost = {
  address: "unix:///x.sock",
  env: { DOCKER_HOST: "unix:///x.sock" },
  provider: { context: "" },
};
const BASE = "agatha-dev-db-data";
const preview = vi.spyOn(pulumi.runtime, "isDryRun");
pulumi.runtime.setMocks(
  { newResource: ({ name, inputs }) => ({ id: name, state: inputs }), call: ({ inputs }) => inputs },
  "agatha",
  "dev",
);

let folder = "";
let path: string | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agatha-docker-"));
  path = process.env["PATH"];
  process.env["PATH"] = `${folder}:${path}`;
  preview.mockReturnValue(false);
});
afterEach(() => {
  process.env["PATH"] = path;
  rmSync(folder, { recursive: true });
});

/** Puts a client on PATH that does as the script says; `$1` is docker's command. */
function docker(script: string): void {
  writeFileSync(join(folder, "docker"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, "docker"), 0o755);
}

const look = (version: number) => lookForUpgrade({ database: { version, user: "postgres" } } as Config, HOST);

const NO_CONTAINER = 'echo "Error: No such container: agatha-dev-db" >&2; exit 1';

it("data of a newer version is refused", async () => {
  docker(`[ $1 = volume ] && { echo ${BASE}; echo ${BASE}-17; exit; }\n${NO_CONTAINER}`);
  await expect(look(13)).rejects.toThrow("agatha:database.version: 13 is older than the data");
});

it("no container and no other volume is nothing ahead", async () => {
  docker(`[ $1 = volume ] && { echo ${BASE}; exit; }\n${NO_CONTAINER}`);
  expect(await look(13)).toBeUndefined();
});

it.each([
  ["the volumes", "echo 'lost it' >&2; exit 1", "docker volume ls: unix:///x.sock does not tell"],
  [
    "the container",
    `[ $1 = volume ] && { echo ${BASE}; echo ${BASE}-17; exit; }\necho 'lost it' >&2; exit 1`,
    "docker container inspect: unix:///x.sock does not tell which data the stack has: lost it",
  ],
  [
    "anything",
    "echo 'Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?' >&2; exit 1",
    "docker: Cannot connect to the Docker daemon at unix:///x.sock. Start the daemon",
  ],
])("a docker that does not tell %s ends an update, and no preview", async (_, script, sentence) => {
  docker(script);
  await expect(look(13)).rejects.toThrow(sentence);
  preview.mockReturnValue(true);
  expect(await look(13)).toBeUndefined();
});

it("an answer that is late is none, and is said to be", async () => {
  docker("exec sleep 20");
  const late = { stdout: "", stderr: "", error: "timed out after 0.2 s" };
  expect(await askDocker(["ps"], HOST, { local: 200, remote: 60_000 })).toEqual(late);
  const ssh = { ...HOST, address: "ssh://user@host" };
  expect(await askDocker(["ps"], ssh, { local: 60_000, remote: 200 })).toEqual(late);
});

it("a missing client is reported", async () => {
  process.env["PATH"] = folder;
  expect((await askDocker(["ps"], HOST)).error).toContain("docker: is not on PATH.");
});
