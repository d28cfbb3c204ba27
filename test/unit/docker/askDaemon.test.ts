/** What a docker client that has no answer says of it, by programs in its place. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { askDaemon } from "../../../lib/docker/daemon.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-client-"));
afterAll(() => rmSync(folder, { recursive: true }));

function answer(info: string, version: string) {
  writeFileSync(join(folder, "docker"), `#!/bin/sh\ncase $1 in info) ${info};; version) ${version};; esac\n`);
  chmodSync(join(folder, "docker"), 0o755);
  const env = { PATH: `${folder}:${process.env["PATH"]}` };
  return askDaemon({ address: "unix:///x.sock", env, provider: { context: "" } }, true);
}

const TOO_OLD = "Error response from daemon: client version 1.41 is too old.";
const STUMBLES = `echo; echo 'template: :1:2: executing "" at <.ID>: reflect: indirection through nil pointer' >&2; exit 1`;

it("the engine's id and system are the answer", async () => {
  expect(await answer("echo ID linux x86_64", "exit 1")).toEqual({ engine: "ID", system: "x86_64-linux" });
});

it("client 20.10, which does not say why it has no answer, is asked again", async () => {
  expect(await answer(STUMBLES, `echo "${TOO_OLD}" >&2; exit 1`)).toEqual({ words: TOO_OLD });
});

it("a client that succeeds without an answer has said why", async () => {
  expect(await answer('echo "  "; echo "Cannot connect" >&2', "exit 1")).toEqual({ words: "Cannot connect" });
});

it("a client that succeeds when the time limit ends it has not answered", async () => {
  const waits = "trap 'exit 0' TERM; while :; do sleep 0.05; done";
  expect(await answer(waits, "exit 1")).toEqual({ words: "timed out after 2 s" });
});
