import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { sshArguments, sshTarget } from "../../../lib/database/backup/ssh.ts";
import { shellWord } from "../../../lib/process.ts";
import { sshPlace } from "../../../lib/sshUrl.ts";

it.each([
  ["ssh://me@host/srv/backups", { login: "me@host", port: undefined, path: "/srv/backups" }],
  ["ssh://me@host:2222/srv/b/", { login: "me@host", port: "2222", path: "/srv/b" }],
  ["ssh://me@[2001:db8::1]:22/x", { login: "me@2001:db8::1", port: "22", path: "/x" }],
  ["ssh://me@host/", { login: "me@host", port: undefined, path: "/" }],
  ["ssh://me@host/it's a $(folder)", { login: "me@host", port: undefined, path: "/it's a $(folder)" }],
])("%s is a place on another host", (url, place) => {
  expect(sshPlace(url)).toEqual(place);
});

it.each([
  "ssh://host/x",
  "ssh://me:password@host/x",
  "ssh://me@host",
  "ssh://-oProxyCommand=x@host/x",
  "ssh://-l@host/x",
  "ssh://me@-oProxyCommand=x/x",
  "ssh://me@host:x/x",
  "ssh://me@host/a\nb",
  "scp://me@host/x",
])("%j is none", (url) => {
  expect(sshPlace(url)).toBeUndefined();
});

it("whatever a script holds, it is one word for the shell over there, and asks for nothing", () => {
  const script = `printf %s ${shellWord('it\'s $(id) `id` "x" \\ ü')}`;
  const args = sshArguments({ login: "me@host", port: "2222", path: "/x" }, script);
  expect(args.slice(0, -1)).toEqual([
    ...["-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15"],
    ...["-p", "2222", "--", "me@host"],
  ]);
  // sshd hands the command to the login shell like this.
  expect(execFileSync("sh", ["-c", args.at(-1) ?? ""], { encoding: "utf8" })).toBe(
    'it\'s $(id) `id` "x" \\ ü',
  );
});

let folder: string | undefined;
afterEach(() => {
  vi.unstubAllEnvs();
  if (folder !== undefined) rmSync(folder, { recursive: true });
  folder = undefined;
});

// Two backups of a stack within one second have the same name.
it("a backup that is there already stays, with its checksum", async () => {
  folder = mkdtempSync(join(tmpdir(), "agatha-ssh-"));
  // sshd hands the command, the last word, to the login shell.
  writeFileSync(join(folder, "ssh"), '#!/bin/bash\nexec sh -c "${@: -1}"\n', { mode: 0o755 });
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
  const there = join(folder, "there");
  execFileSync("mkdir", [there]);
  for (const name of ["one.dump", "one.dump.sha256"]) writeFileSync(join(there, name), "first");
  const draft = await sshTarget(`ssh://me@host${there}`).create("one.dump");
  await expect(draft.keep("0")).rejects.toThrow("one.dump is there already");
  await draft.discard();
  expect(readdirSync(there)).toEqual(["one.dump", "one.dump.sha256"]);
});
