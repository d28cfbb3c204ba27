import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import {
  type DeployedImages,
  encode,
  type Inputs,
  NO_HISTORY,
  record,
  refsOf,
} from "../../../lib/images/generations.ts";
import { describe as describeList, historyText, hostState, recorded } from "../../../lib/stacks/history.ts";
import { fake } from "../../support/programs.ts";

const ref = (service: string, letter: string) => `agatha-${service}-image:${letter.repeat(32)}`;

function images(back: string, inputs: Inputs, pinned?: true): DeployedImages {
  return {
    db: { ref: ref("db", "d"), inputs: { postgresql: "13.14" } },
    back: { ref: ref("back", back), inputs, ...(pinned && { pinned }) },
    front: { ref: ref("front", "f"), inputs: { dist: "sha256:3" } },
    gateway: { ref: ref("gateway", "g"), inputs: { haproxy: "2.6.12" } },
  };
}

const A = images("a", { jar: "sha256:111111111111", migrations: { "V1__a.sql": "1" } });
const B = images("b", { jar: "sha256:222222222222", migrations: { "V1__a.sql": "1", "V2__b.sql": "2" } });
const PINNED_A = images("a", {}, true);

/** What ran before there was a gateway. */
const { gateway: _, ...BEFORE } = images("b", B.back.inputs);

const list = [A, B, PINNED_A].reduce(
  (all, one, index) => record(all, one, `2026-11-2${index}T10:00:00.000Z`),
  NO_HISTORY,
);
const all = [A, B].flatMap(refsOf);
const running = (of: DeployedImages) => new Set(refsOf(of));

describe("the history", () => {
  it("says what ran when, what changed, what runs, and how to go back", () => {
    const text = historyText("dev", describeList(list, { images: new Set(all), running: running(A) }));
    expect(text).toBe(
      [
        "healthy since (UTC)  back       front      db         gateway    images   what changed",
        "2026-11-22 10:00:00  aaaaaaaa…  ffffffff…  dddddddd…  gggggggg…  run now  back: pinned",
        "                                                                          back: ~ jar sha256:22222222… => sha256:11111111…",
        "                                                                          back: - V2__b.sql",
        "2026-11-21 10:00:00  bbbbbbbb…  ffffffff…  dddddddd…  gggggggg…  there    back: ~ jar sha256:11111111… => sha256:22222222…",
        "                                                                          back: + V2__b.sql",
        "2026-11-20 10:00:00  aaaaaaaa…  ffffffff…  dddddddd…  gggggggg…  there",
        "",
        "To go back, or on, then `npm run up`:",
        "  pulumi config rm --path agatha:back.pin --stack dev",
        `  pulumi config set --path agatha:back.pin ${"b".repeat(32)} --stack dev`,
        "",
      ].join("\n"),
    );
  });

  it("offers no image that is gone", () => {
    const host = { images: new Set(all.filter((one) => one !== ref("back", "b"))), running: running(A) };
    const text = historyText("dev", describeList(list, host));
    expect(text).toMatch(/^2026-11-21 .* back gone +back: ~ jar/m);
    expect(text).not.toContain("config set");
  });

  it("marks as running what containers run by, whatever was deployed last", () => {
    const described = describeList(list, { images: new Set(all), running: running(B) });
    expect(described.map(({ runs }) => runs)).toEqual([false, true, false]);
  });

  it("does not claim to know where docker does not answer", () => {
    const text = historyText("dev", describeList(list, undefined));
    expect(text.match(/not known/g)).toHaveLength(3);
    expect(text).toContain("config set");
  });

  it("tells that a pin is gone, a recipe changed, and inputs that are not listed", () => {
    const changes = (...stages: DeployedImages[]) =>
      describeList(
        stages.reduce((sum, one) => record(sum, one, "t"), NO_HISTORY),
        undefined,
      )[0]?.changes;
    expect(changes(PINNED_A, B)).toEqual([
      "back: no longer pinned",
      "back: another image, of inputs that are not listed",
    ]);
    expect(changes(A, images("c", A.back.inputs))).toEqual(["back: ~ its recipe in nix/"]);
  });

  it("shows what ran before the gateway, and goes back to it", () => {
    const moved = record(
      record(NO_HISTORY, BEFORE, "2026-11-20T10:00:00.000Z"),
      A,
      "2026-11-21T10:00:00.000Z",
    );
    const host = { images: new Set(refsOf(BEFORE)), running: running(BEFORE) };
    const described = describeList(moved, host);
    expect(described.map(({ gone, runs }) => ({ gone, runs }))).toEqual([
      { gone: ["back", "gateway"], runs: false },
      { gone: [], runs: true },
    ]);
    const text = historyText("dev", described);
    expect(text).toMatch(/^2026-11-20 10:00:00 {2}b{8}… {2}f{8}… {2}d{8}… {2}- +run now/m);
    expect(text).toContain("gateway: is new\n");
    expect(text).toContain(`agatha:back.pin ${"b".repeat(32)} --stack dev`);
  });

  it("names the stack as Pulumi has to be told it", () => {
    vi.stubEnv("AGATHA_ORGANIZATION", "team");
    const text = historyText("dev", describeList(list, undefined));
    vi.unstubAllEnvs();
    expect(text).toContain(" --stack team/agatha/dev\n");
  });

  it("is one sentence where there is none, or only one generation", () => {
    expect(historyText("dev", [])).toBe("Stack dev has no history yet. `npm run up` begins it.\n");
    expect(historyText("dev", describeList(record(NO_HISTORY, A, "t"), undefined))).toContain(
      "nothing to go back to yet",
    );
  });
});

describe("a stack's state", () => {
  const state = (stdout: string, environment: object = {}) => ({
    resources: [
      { type: "pulumi:pulumi:Stack", urn: "urn:pulumi:dev::agatha::pulumi:pulumi:Stack::agatha-dev" },
      {
        type: "command:local:Command",
        urn: "urn:pulumi:dev::agatha::command:local:Command::history",
        outputs: { stdout, environment },
      },
    ],
  });

  it("holds the history, and the docker host that it is about", () => {
    expect(recorded(state(encode(list), { DOCKER_HOST: "ssh://user@host" }))).toEqual({
      history: list,
      dockerHost: "ssh://user@host",
    });
    expect(recorded(state(encode(list))).dockerHost).toBeUndefined();
  });

  it("has none before the first deployment", () => {
    expect(recorded({}).history).toEqual(NO_HISTORY);
  });

  it("with something else in it is reported", () => {
    expect(() => recorded(state("what?"))).toThrow("`npm run up` begins a new one");
  });
});

it("what docker has is not known if there is no docker client", async () => {
  expect(await hostState("dev", false, { PATH: "/no/such" })).toBeUndefined();
});

it("what a stack on one host runs is known although that host's swarm is locked", async () => {
  const folder = mkdtempSync(join(tmpdir(), "agatha-history-"));
  const lines = [
    `case "$1" in image) echo ${ref("back", "a")} ;; ps) echo ${ref("back", "a")} ;;`,
    `service) echo "Swarm is encrypted and needs to be unlocked" >&2; exit 1 ;; esac`,
  ];
  const env = { ...process.env, ...fake(folder, "docker", lines) };
  expect((await hostState("dev", false, env))?.running).toEqual(new Set([ref("back", "a")]));
  await expect(hostState("dev", true, env)).rejects.toThrow("needs to be unlocked");
  rmSync(folder, { recursive: true });
});
