/** The step that places a service's files, with a docker that says what it was asked. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, it } from "vitest";
import { fake } from "../../support/programs.ts";

const folder = mkdtempSync(join(tmpdir(), "agatha-place-files-"));
afterAll(() => rmSync(folder, { recursive: true }));

const log = join(folder, "log");
const gone = join(folder, "gone");
beforeEach(() => {
  for (const file of [log, gone]) rmSync(file, { force: true });
});

/** Runs the step with two folders; `answers` are shell lines for docker's answers. */
function place(answers: string[]) {
  const env = {
    ...process.env,
    ...fake(folder, "docker", [`echo "$*" >> '${log}'`, ...answers]),
    ...{ STACK: "s", LABEL: "back-files", OWNER: "65534:0", PREFIX: "agatha-s-back" },
    FOLDERS: JSON.stringify([
      { path: "/a", keep: false },
      { path: "/b", keep: false },
    ]),
    COURIER: JSON.stringify({ image: "any" }),
  };
  const step = spawnSync(process.execPath, ["steps/place-files.ts"], { env, encoding: "utf8", input: "" });
  return { ...step, asked: existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [] };
}

it("removes what a killed run left, the volumes of its container too", () => {
  const { status, stderr, asked } = place([
    `case "$*" in`,
    `  "container ls"*) [ -e '${gone}' ] || echo courier ;;`,
    // A volume is unused once its container is gone.
    `  "volume ls"*) [ ! -e '${gone}' ] || echo left ;;`,
    `  "container rm"*courier) touch '${gone}' ;;`,
    `  create*) echo id ;;`,
    `esac`,
  ]);
  expect(status, stderr).toBe(0);
  expect(asked.findIndex((line) => /^volume rm .*left$/.test(line))).toBeGreaterThan(0);
  expect(asked.findIndex((line) => /^volume rm .*left$/.test(line))).toBeLessThan(
    asked.findIndex((line) => line.startsWith("volume create")),
  );
});

it("removes both volumes if one cannot be made, and says why", () => {
  const { status, stderr, asked } = place([
    `case "$*" in`,
    `  "volume create"*-0) echo 'Error: no space left' >&2; exit 1 ;;`,
    // The slower one is waited for: otherwise it would be made after its removal.
    `  "volume create"*-1) sleep 0.3; echo made >> '${log}' ;;`,
    `esac`,
  ]);
  expect(status).toBe(1);
  expect(stderr).toBe("docker volume create: Error: no space left\n");
  expect(asked.filter((line) => /^volume rm .*-[01]$/.test(line))).toHaveLength(2);
  expect(asked.findIndex((line) => line.startsWith("volume rm"))).toBeGreaterThan(asked.indexOf("made"));
  expect(asked.indexOf("made")).toBeGreaterThan(0);
});
