/** The step that removes a service's former files, with a docker that answers, refuses, or is not there. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { fake } from "../../support/programs.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-remove-files-"));
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ["removes", 'echo "$*" >&2', 0, ""],
  [
    "fails in docker's words on",
    "echo 'Error: volume is in use' >&2; exit 1",
    1,
    "docker volume rm: Error: volume is in use\n",
  ],
  [
    "leaves to a later step, where the former address is gone,",
    "echo 'error during connect: ssh: connect to host far port 22: Connection refused' >&2; exit 1",
    0,
    "docker: ssh://user@far cannot be reached: ",
  ],
])("%s what place-files made", (_, script, code, said) => {
  const env = {
    ...process.env,
    ...fake(folder, "docker", [`[ "$*" = "volume rm --force one two" ] || exit 9`, script]),
    DOCKER_HOST: "ssh://user@far",
    PULUMI_COMMAND_STDOUT: "one two",
  };
  const { status, stderr } = spawnSync(process.execPath, ["steps/remove-files.ts"], {
    env,
    encoding: "utf8",
  });
  expect(status, stderr).toBe(code);
  expect(stderr).toContain(said);
});

// The command plugin does not set an empty one: `down` failed on a front without files.
it("has nothing to do for a service without files", () => {
  const { PULUMI_COMMAND_STDOUT: _, ...env } = { ...process.env, ...fake(folder, "docker", ["exit 9"]) };
  const { status, stderr } = spawnSync(process.execPath, ["steps/remove-files.ts"], {
    env,
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
});
