/** What steps hand on, beside what they say, with a docker that answers. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { healthFacts, imageFacts } from "../../../lib/stepFacts.ts";
import { fake } from "../../support/programs.ts";

// It starts programs, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const folder = mkdtempSync(join(tmpdir(), "agatha-facts-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a step with a docker that does as `cases` say: lines of a bash `case` over its arguments. */
function run(step: string, cases: string[], env: Record<string, string>) {
  const docker = fake(folder, "docker", [
    'case "$*" in',
    ...cases,
    '*) echo "docker $*" >&2; exit 9;;',
    "esac",
  ]);
  const ended = spawnSync(process.execPath, [`steps/${step}.ts`], {
    env: { ...process.env, ...docker, ...env },
    encoding: "utf8",
  });
  expect(ended.status, ended.stderr).toBe(0);
  return ended;
}

describe("the health gate", () => {
  const SERVICE = {
    ...{ CONTAINER: "new", SERVICE: "agatha-back", PROCESSES: "64", PROBE: '["probe"]' },
    START_PERIOD_MS: "1000",
  };
  const state = '{"RestartCount":0,"State":{"Status":"running","ExitCode":0,"OOMKilled":false}}';
  const answers = (stopped: boolean) => [
    `"container inspect --format {{json .Name}} new") echo '"/agatha-dev-back"';;`,
    `"container inspect --format {{json .}} new") echo '${state}';;`,
    `"container inspect --format {{json .State.StartedAt}} new") echo '"2026-11-28T10:00:02Z"';;`,
    '"container update --pids-limit 64 new"|"exec new probe") ;;',
    '"info --format {{.SystemTime}}") echo "2026-11-28T10:00:05Z";;',
    stopped
      ? `events*) echo '{"Action":"kill","Actor":{"ID":"old","Attributes":{"name":"agatha-dev-back"}},"timeNano":1795860000000000000}';;`
      : "events*) ;;",
  ];

  it("hands on how long the start took and how long the service was away", () => {
    const { stdout, stderr } = run("await-healthy", answers(true), SERVICE);
    const facts = healthFacts({ stdout, stderr });
    const { startSeconds = 0, awaySeconds = 0 } = facts;
    // By docker's clock as it was when it was asked: what that took is not counted.
    expect(startSeconds).toBeLessThanOrEqual(3);
    expect(awaySeconds - startSeconds).toBeCloseTo(2, 3);
    expect(stdout).toBe(
      `agatha-back is healthy after ${startSeconds.toFixed(1)} s, away for ${awaySeconds.toFixed(1)} s\n`,
    );
    expect(JSON.parse(stderr)).toEqual(facts);
  });

  it("hands on no time away if there was no container before", () => {
    const { stdout, stderr } = run("await-healthy", answers(false), SERVICE);
    expect(Object.keys(JSON.parse(stderr) as object)).toEqual(["startSeconds"]);
    expect(stdout).not.toContain("away");
  });

  it.each([
    ["facts", { PULUMI_COMMAND_STDERR: '{"startSeconds":1.7,"awaySeconds":2.3}' }],
    ["a sentence", { PULUMI_COMMAND_STDOUT: "agatha-back is healthy after 1.7 s, away for 2.3 s" }],
  ])("keeps what it measured, from %s, of a container that is only connected again", (_, former) => {
    const network = [
      `"container inspect --format {{json .NetworkSettings.Networks}} new") echo '{}';;`,
      `"network inspect n"|"network connect --alias agatha-back n new") ;;`,
    ];
    const env = { ...SERVICE, ...former, CUT_OFF: "n 2026-11-28T10:00:00Z agatha-back" };
    const { stdout, stderr } = run("await-healthy", [...answers(false), ...network], env);
    expect(stdout).toBe("agatha-back is connected to n again, and healthy\n");
    expect(JSON.parse(stderr)).toEqual({ startSeconds: 1.7, awaySeconds: 2.3 });
  });
});

it("a stream in the state that is no text hands nothing on", () => {
  const outputs = { stdout: {}, stderr: { secure: true } } as unknown as Parameters<typeof healthFacts>[0];
  expect(healthFacts(outputs)).toEqual({});
  expect(imageFacts(outputs)).toEqual({ sizeBytes: Number.NaN });
});

it("the step that brings an image into docker hands on its size", () => {
  const cases = [
    '"tag a:1 a:kept"|"tag a:1 a:latest") ;;',
    '"image inspect --format {{json .Size}} a:1") echo 63590560;;',
  ];
  const env = { REF: "a:1", KEPT_AS: "a:kept", ALIASES: "a:latest", PIN_ABSENT: "it is gone" };
  const { stdout, stderr } = run("build-image", cases, env);
  expect(stdout).toBe("a:1 is pinned, 63.6 MB (63590560 bytes)\n");
  expect(imageFacts({ stdout: "", stderr })).toEqual({ sizeBytes: 63_590_560 });
});

it("the history is handed on as it was recorded, and read by its next run", () => {
  const images = (tag: string) =>
    JSON.stringify({
      db: { ref: "agatha-db-image:d", inputs: { postgresql: "13" } },
      back: { ref: `agatha-back-image:${tag}`, inputs: { jar: tag } },
      front: { ref: "agatha-front-image:f", inputs: { dist: "1" } },
    });
  const docker = fake(folder, "docker", []);
  const record = (tag: string, former: Record<string, string>) => {
    const env = { ...process.env, ...docker, KEEP: "5", STACK: `none-${process.pid}`, ...former };
    const args = { env, encoding: "utf8", input: images(tag) } as const;
    return spawnSync(process.execPath, ["steps/record-history.ts"], args);
  };
  const first = record("a", {});
  expect(first.stderr).toBe("");
  const second = record("b", { PULUMI_COMMAND_STDOUT: first.stdout.trim() });
  const { generations } = JSON.parse(second.stdout) as { generations: { images: { back: object } }[] };
  expect(generations.map(({ images: { back } }) => back)).toEqual([
    { ref: "agatha-back-image:a" },
    { ref: "agatha-back-image:b", changes: ["~ jar a => b"] },
  ]);
  expect(record("b", { PULUMI_COMMAND_STDOUT: "what?" }).stderr).toBe(
    "history: the former list cannot be read, so a new one begins\n",
  );
});
